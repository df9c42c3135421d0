import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import type { NamedTensors } from '../../src/tensor/tensor.js';
import { Arrivals } from '../../src/workers/inline-cost.js';
import { openInline } from '../../src/workers/inline-engine.js';
import { InlineSession } from '../../src/workers/inline-session.js';
import { describeWork } from '../../src/workers/run-journal.js';
import type { RunOutcome } from '../../src/workers/runner.js';
import { failsOnLargeIndex, putModel, sumAndDifference } from '../support/models.js';
import { ints, specOf } from './queue.js';

let folder: string;
before(async () => {
  disableTelemetry(process.env);
  folder = await mkdtemp(join(tmpdir(), 'slipway-inline-'));
});
after(() => rm(folder, { recursive: true }));

interface Opened {
  readonly session: InlineSession;
  readonly watched: string[];
  /** What the next change of mind was. */
  readonly told: Promise<{ readonly inline: boolean; readonly reason: string }>;
}

function open(modelPath: string, shape: readonly number[]): Opened {
  const watched: string[] = [];
  const { promise, resolve } = withResolvers<{ inline: boolean; reason: string }>();
  const session = new InlineSession(
    {
      number: 7,
      spec: specOf(modelPath),
      inputs: [{ name: 'A', datatype: 'INT32', shape }],
      work: describeWork(7, 'm'),
    },
    {
      watch: {
        begin: (number, name) => watched.push(`begin ${number} ${name}`),
        enter: (number) => watched.push(`enter ${number}`),
        leave: () => watched.push('leave'),
        close: () => Promise.resolve(),
      },
      arrivals: new Arrivals(),
      open: openInline,
      onChange: resolve,
      onRun: () => watched.push('ran'),
      journal: undefined,
    },
  );
  return { session, watched, told: promise };
}

function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

const pair = (rows: number, from: number): NamedTensors =>
  new Map([
    ['A', ints(rows, from)],
    ['B', ints(rows, 1000)],
  ]);

/** Runs one request here; it settles before the call returns, or the test fails. */
function runNow(session: InlineSession, inputs: NamedTensors, rows: number): RunOutcome {
  const settled: { outcome?: RunOutcome; error?: unknown } = {};
  session.run({
    job: { requests: [inputs], rows, outputs: [...inputs.keys()].includes('X') ? ['Y'] : ['S', 'D'] },
    resolve: (outcome) => (settled.outcome = outcome),
    reject: (error) => (settled.error = error),
  });
  if (settled.error !== undefined) throw settled.error as Error;
  assert.ok(settled.outcome !== undefined);
  return settled.outcome;
}

describe('runs on the thread that reads requests', () => {
  it('begin once a shape has proved cheap, give what the workers give, and are watched', async () => {
    const modelPath = await putModel(folder, { name: 'sums', graph: sumAndDifference });
    const { session, watched, told } = open(modelPath, [-1, 16]);
    assert.equal(session.mayRun(pair(1, 0)), false);
    for (let n = 0; n < 32; n++) session.note(pair(1, 0), 0.01);
    assert.deepEqual(await told, {
      session: specOf(modelPath).logId,
      inline: true,
      reason: 'its runs cost less than handing them to a worker',
    });
    assert.equal(session.mayRun(pair(1, 0)), true);
    assert.equal(session.mayRun(pair(2, 0)), false, 'another shape has not proved anything');
    for (const from of [-5, 0, 2_000_000_000]) {
      const { outputs } = runNow(session, pair(1, from), 1);
      const a = [...(ints(1, from).data as Int32Array)];
      const b = [...(ints(1, 1000).data as Int32Array)];
      assert.deepEqual(
        [...(outputs.get('S')?.data as Int32Array)],
        a.map((value, n) => (value + (b[n] ?? 0)) | 0),
      );
      assert.deepEqual(
        [...(outputs.get('D')?.data as Int32Array)],
        a.map((value, n) => (value - (b[n] ?? 0)) | 0),
      );
    }
    const padded = runNow(session, pair(1, 3), 4);
    assert.deepEqual(padded.outputs.get('S')?.shape, [4, 16]);
    assert.deepEqual(watched.slice(0, 4), [`begin 7 ${specOf(modelPath).logId}`, 'enter 7', 'leave', 'ran']);
    await session.close();
    assert.equal(session.mayRun(pair(1, 0)), false);
  });

  it('fail with the reason of the run, and the watch sees their end', async () => {
    const modelPath = await putModel(folder, { name: 'fails', graph: failsOnLargeIndex });
    const { session, watched, told } = open(modelPath, [1, 1]);
    const x = (value: bigint): NamedTensors =>
      new Map([['X', { datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(value) }]]);
    for (let n = 0; n < 32; n++) session.note(x(0n), 0.01);
    assert.equal((await told).inline, true);
    assert.throws(() => runNow(session, x(3n), 1), { code: 'ENGINE_FAILED' });
    assert.deepEqual(watched.slice(-2), ['enter 7', 'leave']);
    assert.deepEqual([...(runNow(session, x(2n), 1).outputs.get('Y')?.data as Float32Array)], [30]);
    await session.close();
  });

  it('never begin for a file that does not load here or is large, and the reason is told', async () => {
    const gone = open(join(folder, 'none.onnx'), [1, 16]);
    for (let n = 0; n < 32; n++) gone.session.note(pair(1, 0), 0.01);
    assert.match((await gone.told).reason, /^it cannot be loaded on the HTTP thread: ENOENT/);
    const modelPath = await putModel(folder, { name: 'large', graph: sumAndDifference });
    await truncate(modelPath, 5_000_000);
    const large = open(modelPath, [1, 16]);
    for (let n = 0; n < 32; n++) large.session.note(pair(1, 0), 0.01);
    const { inline, reason } = await large.told;
    assert.equal(inline, false);
    assert.match(reason, /its file of 5000000 bytes is larger than 4194304/);
    assert.equal(large.session.mayRun(pair(1, 0)), false);
    await large.session.close();
  });
});
