import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { bodyChunks } from '../src/body-chunks.js';

/** A body of these chunks, which then ends or says nothing more; `cancelled` tells whether it was given up. */
function bodyOf(chunks: readonly number[], isEnding: boolean) {
  const state = { cancelled: false };
  const left = [...chunks];
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(Uint8Array.of(next));
      else if (isEnding) controller.close();
    },
    cancel: () => {
      state.cancelled = true;
    },
  });
  return { body, state };
}

async function take(body: ReadableStream<Uint8Array>, signal: AbortSignal, onChunk?: (chunk: Uint8Array) => void) {
  const taken: number[] = [];
  for await (const chunk of bodyChunks(body, signal)) {
    taken.push(...chunk);
    onChunk?.(chunk);
  }
  return taken;
}

describe('the chunks of a body', () => {
  it('come in order until it ends, and the signal keeps no listener', async () => {
    const { signal } = new AbortController();
    for (const chunks of [[], [7], [1, 2, 3]]) {
      assert.deepEqual(await take(bodyOf(chunks, true).body, signal), chunks);
    }
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('end with the reason of the signal though the body says nothing more, and it is given up', async () => {
    for (const chunks of [[], [1], [1, 2]]) {
      const { body, state } = bodyOf(chunks, false);
      const stop = new AbortController();
      const taking = take(body, stop.signal);
      setImmediate(() => stop.abort(new Error('too late')));
      await assert.rejects(taking, /^Error: too late$/);
      assert.equal(state.cancelled, true);
    }
  });

  it('are not begun where the signal came before, and no more are given where it comes between', async () => {
    await assert.rejects(take(bodyOf([1], true).body, AbortSignal.abort(new Error('before'))), /before/);
    const stop = new AbortController();
    const seen: number[] = [];
    const taking = take(bodyOf([1, 2, 3], true).body, stop.signal, ([chunk = 0]) => {
      seen.push(chunk);
      if (chunk === 2) stop.abort(new Error('between'));
    });
    await assert.rejects(taking, /between/);
    assert.deepEqual(seen, [1, 2]);
  });

  it('give the body up where their reader leaves or fails', async () => {
    const { body, state } = bodyOf([1, 2], false);
    const fail = (): void => {
      throw new Error('full');
    };
    await assert.rejects(take(body, new AbortController().signal, fail), /full/);
    assert.equal(state.cancelled, true);
  });
});
