import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Engine } from '../../../src/engine/engine.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { SessionHost } from '../../../src/workers/host/session-host.js';

const floats = (count: number): Tensor => ({ datatype: 'FP32', shape: [count], data: new Float32Array(count) });
const texts = (...data: readonly string[]): Tensor => ({ datatype: 'BYTES', shape: [data.length], data });

/** What becomes of a run with this output in a host that may hand over so many bytes. */
async function runWith(output: Tensor, mostBytes?: number) {
  const engine: Engine = {
    version: '1',
    createSession: async () =>
      Promise.resolve({
        inputs: [],
        outputs: [],
        run: async () => Promise.resolve(new Map([['Y', output]])),
        runNow: () => new Map([['Y', output]]),
        endProfile: () => undefined,
        release: async () => Promise.resolve(),
      }),
    saveOptimised: async () => Promise.reject(new Error('unused')),
  };
  const host = new SessionHost(engine, mostBytes);
  const spec = { modelPath: '', logId: 'm', provider: 'cpu', deviceId: 0, strict: false, intraOpThreads: 1 } as const;
  await host.answer({ kind: 'load', session: 1, spec: { ...spec, optimised: false } });
  return host.answer({ kind: 'run', session: 1, requests: [[]], rows: 0, outputs: ['Y'] });
}

describe('outputs of one run', () => {
  it('are handed over up to a limit, and beyond it are the fault of the request', async () => {
    assert.equal((await runWith(floats(25), 100)).kind, 'ran');
    assert.equal((await runWith(floats(1_000_000))).kind, 'ran');
    const answer = await runWith(floats(26), 100);
    assert.ok(answer.kind === 'failed');
    assert.equal(answer.error.code, 'ENGINE_FAILED');
    assert.deepEqual(answer.error.details, { isRequestFault: true });
    assert.match(
      answer.error.message,
      /^The model cannot run on these values: .*take 104 bytes, and the limit is 100\b/,
    );
  });

  it('count texts as what it takes to read them, and not as their characters alone', async () => {
    assert.equal((await runWith(texts('ab', 'c'), 2054)).kind, 'ran');
    assert.equal((await runWith(texts('ab', 'c'), 2053)).kind, 'failed');
    assert.equal((await runWith(texts(...Array<string>(1000).fill('')), 1_000_000)).kind, 'failed');
  });
});
