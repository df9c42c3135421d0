import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inTurns } from '../src/in-turns.js';

/** Does work that ends when it is told to, and records which items are held at once. */
function workshop() {
  const ends = new Map<number, () => void>();
  const held: (readonly number[])[] = [];
  const work = (size: number, index: number): Promise<string> => {
    const { promise, resolve } = withResolvers();
    ends.set(index, () => {
      ends.delete(index);
      resolve();
    });
    held.push([...ends.keys()]);
    return promise.then(() => `${index}:${size}`);
  };
  return { ends, held, work };
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** What is begun is begun in microtasks, all of which are over by the next turn. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const sizeOf = (size: number): number => size;

describe('work in turns', () => {
  it('holds no more at once than may be held, and answers in the order of the items', async () => {
    const { ends, held, work } = workshop();
    const all = inTurns([3, 4, 3, 1, 20, 0], { most: 10, sizeOf }, work);
    await nextTurn();
    assert.deepEqual(held.at(-1), [0, 1, 2]);
    ends.get(1)?.();
    await nextTurn();
    assert.deepEqual(held.at(-1), [0, 2, 3], 'the large one waits until nothing else is held');
    for (const index of [0, 2, 3]) ends.get(index)?.();
    await nextTurn();
    assert.deepEqual(held.at(-1), [4]);
    ends.get(4)?.();
    await nextTurn();
    ends.get(5)?.();
    assert.deepEqual(await all, ['0:3', '1:4', '2:3', '3:1', '4:20', '5:0']);
  });

  it('begins no more after a failure, which it rejects with', async () => {
    const begun: number[] = [];
    const failing = inTurns([5, 5, 5], { most: 5, sizeOf }, (_, index) => {
      begun.push(index);
      return index === 1 ? Promise.reject(new Error('second')) : Promise.resolve(index);
    });
    await assert.rejects(failing, /second/);
    assert.deepEqual(begun, [0, 1]);
  });

  it('begins no more once it is over, and answers what was begun: at least one', async () => {
    for (const most of [0, 2, 100]) {
      for (const [enough, expected] of [
        [0, [5]],
        [1, [5]],
        [3, [5, 6, 7]],
        [9, [5, 6, 7, 8]],
      ] as const) {
        let begun = 0;
        const work = (item: number): Promise<number> => {
          begun += 1;
          return Promise.resolve(item);
        };
        const turns = { most, sizeOf: () => 1, isOver: () => begun >= enough };
        assert.deepEqual(await inTurns([5, 6, 7, 8], turns, work), expected);
        assert.equal(begun, expected.length);
      }
    }
  });

  it('has nothing to do for no items', async () => {
    assert.deepEqual(await inTurns([], { most: 1, sizeOf }, () => Promise.resolve(1)), []);
  });
});
