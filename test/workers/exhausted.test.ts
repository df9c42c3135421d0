import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import type { AppError } from '../../src/errors.js';
import type { Graph } from '../../src/model/onnx/writer.js';
import { startRunner } from '../../src/workers/pool.js';
import type { RunJob } from '../../src/workers/runner.js';
import { temporaryFolder } from '../support/folder.js';
import { putModel, sumAndDifference } from '../support/models.js';
import { firstSum, Queue, specOf, sumJob } from './queue.js';

/** Y = the text X, N times. */
const manyTexts: Graph = {
  name: 'many-texts',
  inputs: [
    { name: 'X', datatype: 'BYTES', shape: [1] },
    { name: 'N', datatype: 'INT64', shape: [1] },
  ],
  outputs: [{ name: 'Y', datatype: 'BYTES', shape: ['n'] }],
  nodes: [{ op: 'Expand', inputs: ['X', 'N'], outputs: ['Y'] }],
};

/** Longer than what V8 keeps once for all. */
const text = 'a text of some length'.repeat(4);

const ask = (count: bigint): RunJob => ({
  requests: [
    new Map([
      ['X', { datatype: 'BYTES', shape: [1], data: [text] }],
      ['N', { datatype: 'INT64', shape: [1], data: BigInt64Array.of(count) }],
    ]),
  ],
  rows: 0,
  outputs: ['Y'],
});

describe('a request that asks for more texts than memory holds', () => {
  it('fails by its own fault, whatever its model served before, which is never given up for it', async (t) => {
    disableTelemetry(process.env);
    const folder = temporaryFolder('exhausted-');
    const env = { ...process.env, NODE_OPTIONS: '--max-old-space-size=48' };
    const respawn = { maxLosses: 2, windowMs: 600_000, firstDelayMs: 1, longestDelayMs: 1 };
    const runner = await startRunner({ workers: 1, env, respawn });
    t.after(() => runner.close());
    const [queue, other] = [new Queue(), new Queue()];
    const sums = await putModel(folder, { name: 'sums', graph: sumAndDifference });
    const bystander = await runner.load(specOf(sums, 'sums'), { instances: 1, next: other.next });
    const texts = await putModel(folder, { name: 'texts', graph: manyTexts });
    const session = await runner.load(specOf(texts, 't/1'), { instances: 1, next: queue.next, apart: true });
    for (let count = 0; count < 3; count += 1) {
      await assert.rejects(queue.run(session, ask(2_000_000n)), (error: AppError) => {
        assert.match(error.message, /t\/1.*SIGABRT.*out of memory.*ask for less/);
        return error.code === 'WORKER_LOST' && error.details['isRequestFault'] === true;
      });
      assert.equal(firstSum(await other.run(bystander, sumJob(2, 3))), 5);
    }
    const { outputs } = await queue.run(session, ask(3n));
    assert.deepEqual(outputs.get('Y')?.data, [text, text, text]);
  });
});
