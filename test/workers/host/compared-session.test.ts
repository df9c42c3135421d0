import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EngineSession } from '../../../src/engine/engine.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { ComparedSession } from '../../../src/workers/host/compared-session.js';

const floats = (...data: readonly number[]): Tensor => ({
  datatype: 'FP32',
  shape: [data.length],
  data: new Float32Array(data),
});
const texts = (...data: readonly string[]): Tensor => ({ datatype: 'BYTES', shape: [data.length], data });

interface Stub extends EngineSession {
  runs: number;
  releases: number;
}

/** A session that answers this. */
function stub(answer: () => Tensor): Stub {
  return {
    runs: 0,
    releases: 0,
    inputs: [],
    outputs: [],
    runNow() {
      this.runs += 1;
      return new Map([['Y', answer()]]);
    },
    run: () => Promise.reject(new Error('unused')),
    endProfile: () => undefined,
    release() {
      this.releases += 1;
      return Promise.resolve();
    },
  };
}

/** Ten runs of a session beside another: how often each ran, and whether the other was let go. */
function compare(first: () => Tensor, second: () => Tensor) {
  const [serving, other] = [stub(first), stub(second)];
  const session = new ComparedSession(serving, other);
  const answers = Array.from({ length: 10 }, () => session.runNow(new Map(), ['Y']).get('Y'));
  return { answers, serving, other, session };
}

describe('a session that is made to be faster', () => {
  it('answers alone after four runs whose outputs have the same bits', async () => {
    const hard = [-0, 0, NaN, Infinity, -1e-45, 3.4e38];
    for (const tensor of [floats(...hard), floats(), texts('é', '', 'a'.repeat(100_000))]) {
      const { serving, other, session } = compare(
        () => structuredClone(tensor),
        () => structuredClone(tensor),
      );
      assert.deepEqual([serving.runs, other.runs], [4, 10]);
      await session.release();
      assert.deepEqual([serving.releases, other.releases], [0, 1]);
    }
  });

  it('never answers where a bit differs, a text, a shape or a datatype, or where it fails', () => {
    const many = Array.from({ length: 50_000 }, (_, n) => n);
    for (const [first, second] of [
      [floats(0), floats(-0)],
      [floats(1), floats(1 + 2 ** -23)],
      [floats(...many, 1), floats(...many, 2)],
      [floats(1, 2), floats(1)],
      [floats(1), { datatype: 'INT32', shape: [1], data: new Int32Array([0x3f800000]) }],
      [floats(1, 2), { ...floats(1, 2), shape: [2, 1] } as Tensor],
      [texts('a', 'b'), texts('a', 'c')],
      [texts('a', 'bc'), texts('ab', 'c')],
    ] as const) {
      const found = compare(
        () => structuredClone(first),
        () => structuredClone(second),
      );
      assert.deepEqual([found.serving.runs, found.other.runs, found.other.releases], [10, 1, 1]);
      for (const answer of found.answers) assert.deepEqual(answer, first);
    }
    const failing = compare(
      () => floats(1),
      () => {
        throw new Error('out of memory');
      },
    );
    assert.deepEqual([failing.serving.runs, failing.other.runs, failing.other.releases], [10, 1, 1]);
  });
});
