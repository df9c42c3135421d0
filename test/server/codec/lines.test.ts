import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FairLines, type Place } from '../../../src/server/codec/lines.js';

interface Item extends Place {
  readonly name: string;
  readonly request: { readonly of: string };
}

const requests = Object.fromEntries(Array.from('abcdefgh', (of) => [of, { of }]));

/** Such as `a1` in line `x`: the first of request a. */
const item = (name: string, line = 'x'): Item => ({ name, line, request: requests[name[0] ?? '']! });

function linesOf(...items: readonly Item[]): FairLines<Item> {
  const lines = new FairLines<Item>();
  for (const one of items) lines.add(one);
  return lines;
}

/** Takes all, with as many running at a time as there are threads; the one that has run longest leaves first. */
function orderOf(lines: FairLines<Item>, threads: number): string {
  const running: Item[] = [];
  const order: string[] = [];
  for (;;) {
    const next = running.length < threads ? lines.take() : undefined;
    if (next !== undefined) {
      order.push(next.name);
      running.push(next);
      continue;
    }
    const over = running.shift();
    if (over === undefined) return order.join(' ');
    lines.leave(over);
  }
}

const names = (text: string, line?: string) => text.split(' ').map((name) => item(name, line));

describe('what waits for a codec thread', () => {
  it('is served in the order it came, where it is of one request each', () => {
    for (const threads of [1, 2, 3, 8]) assert.equal(orderOf(linesOf(...names('a1 b1 c1 d1')), threads), 'a1 b1 c1 d1');
    assert.equal(orderOf(linesOf(), 1), '');
  });

  it('is served request by request, however much one of them has', () => {
    assert.equal(orderOf(linesOf(...names('a1 a2 a3 a4 b1 b2 c1')), 1), 'a1 b1 c1 a2 b2 a3 a4');
  });

  it('is served line by line, and request by request in each', () => {
    const lines = linesOf(...names('a1 a2 b1 c1'), ...names('d1 d2', 'y'), item('e1', 'z'));
    assert.equal(orderOf(lines, 1), 'a1 d1 e1 b1 d2 c1 a2');
  });

  it('leaves threads to requests that have none, in whichever line they are', () => {
    assert.equal(orderOf(linesOf(...names('a1 a2 a3 b1'), item('c1', 'y')), 3), 'a1 c1 b1 a2 a3');
    const lines = linesOf(...names('a1 a2'), ...names('a3', 'y'));
    assert.equal(lines.take()?.name, 'a1');
    lines.add(item('b1'));
    assert.equal(lines.take()?.name, 'b1', 'before what waits longer of the request that runs');
    assert.deepEqual([lines.take()?.name, lines.take()?.name], ['a3', 'a2'], 'threads that are free are used');
  });

  it('stands behind the others where it gave way, and comes before what is new then', () => {
    const lines = linesOf(...names('a1 b1 c1'));
    const served: string[] = [];
    for (const newcomer of ['d1', 'e1', 'f1', 'g1', 'h1']) {
      const next = lines.take();
      assert.ok(next);
      served.push(next.name);
      lines.leave(next);
      if (next.name === 'a1') lines.add(next);
      lines.add(item(newcomer));
    }
    assert.equal(served.join(' '), 'a1 b1 c1 a1 d1');
  });

  it('says whether a request waits that has nothing running', () => {
    const lines = linesOf(...names('a1 a2'));
    assert.equal(lines.hasUnserved, true);
    const [a1, b1] = [lines.take(), item('b1')];
    assert.ok(a1);
    assert.equal(lines.hasUnserved, false, 'what waits is of the request that runs');
    lines.add(b1);
    assert.equal(lines.hasUnserved, true);
    assert.equal(lines.take(), b1);
    assert.equal(lines.hasUnserved, false);
    lines.leave(a1);
    assert.equal(lines.hasUnserved, true);
  });

  it('goes on counting what else runs of a request when one of it leaves', () => {
    const lines = linesOf(...names('a1 a2 a3'));
    const [first] = [lines.take(), lines.take()];
    assert.ok(first);
    lines.leave(first);
    assert.equal(lines.hasUnserved, false);
  });

  it('can be dropped, once and from wherever it stands', () => {
    const [a1, a2, b1] = [item('a1'), item('a2'), item('b1', 'y')];
    const lines = linesOf(a1, a2, b1);
    assert.deepEqual([lines.drop(b1), lines.drop(b1), lines.drop(a1)], [true, false, true]);
    assert.equal(lines.take(), a2);
    assert.deepEqual([lines.drop(a2), lines.take(), lines.hasUnserved], [false, undefined, false]);
  });

  it('is all given back when the lines are emptied', () => {
    const lines = linesOf(...names('a1 b1 a2'), item('c1', 'y'));
    assert.deepEqual(
      lines.takeAll().map(({ name }) => name),
      ['a1', 'a2', 'b1', 'c1'],
    );
    assert.deepEqual([lines.take(), lines.takeAll()], [undefined, []]);
  });
});
