import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { disableTelemetry } from '../../../src/engine/telemetry.js';
import type { NamedTensors } from '../../../src/tensor/tensor.js';
import { openInline, InlineSession } from '../../../src/workers/inline/inline-session.js';
import { describeWork } from '../../../src/workers/run-journal.js';
import type { RunOutcome, RunSize } from '../../../src/workers/runner.js';
import { Turn } from '../../../src/workers/inline/turn.js';
import { failsOnLargeIndex, putModel, sumAndDifference } from '../../support/models.js';
import { ints, specOf } from '../queue.js';

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

function open(modelPath: string, shape: readonly number[], turn = new Turn()): Opened {
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
      turn,
      open: openInline,
      onChange: resolve,
      onRun: (requests) => watched.push(`ran ${requests}`),
      onFullTurn: () => watched.push('full turn'),
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

/** A run of one request; `rows` 0: the model does not batch. */
const sizeOf = (inputs: NamedTensors, rows = 0): RunSize => ({ inputs, rows, requests: 1 });

const pair = (rows: number, from: number): NamedTensors =>
  new Map([
    ['A', ints(rows, from)],
    ['B', ints(rows, 1000)],
  ]);

/** Runs requests here; the run settles before the call returns, or the test fails. */
function runNow(session: InlineSession, requests: readonly NamedTensors[], rows: number): RunOutcome {
  const settled: { outcome?: RunOutcome; error?: unknown } = {};
  session.run({
    job: { requests, rows, outputs: requests[0]?.has('X') === true ? ['Y'] : ['S', 'D'] },
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
    assert.equal(session.mayRun(sizeOf(pair(1, 0))), false);
    for (let n = 0; n < 32; n++) session.note(sizeOf(pair(1, 0)), 0.01);
    assert.deepEqual(await told, {
      session: specOf(modelPath).logId,
      inline: true,
      reason: 'its runs cost less than handing them to a worker',
    });
    assert.equal(session.mayRun(sizeOf(pair(1, 0))), true);
    assert.equal(session.mayRun(sizeOf(pair(2, 0))), false, 'another shape has not proved anything');
    for (const from of [-5, 0, 2_000_000_000]) {
      const { outputs } = runNow(session, [pair(1, from)], 0);
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
    const padded = runNow(session, [pair(1, 3)], 4);
    assert.deepEqual(padded.outputs.get('S')?.shape, [4, 16]);
    assert.deepEqual(watched.slice(0, 4), [`begin 7 ${specOf(modelPath).logId}`, 'enter 7', 'leave', 'ran 1']);
    await session.close();
    assert.equal(session.mayRun(sizeOf(pair(1, 0))), false);
  });

  it('join requests where the model batches, whose cost is that of runs up to the same power of two of rows', async () => {
    const modelPath = await putModel(folder, { name: 'joined', graph: sumAndDifference });
    const { session, watched, told } = open(modelPath, [-1, 16]);
    for (let n = 0; n < 32; n++) session.note({ inputs: pair(2, 0), rows: 5, requests: 2 }, 0.01);
    assert.equal((await told).inline, true);
    const may = [1, 4, 5, 6, 8, 9].map((rows) => session.mayRun(sizeOf(pair(1, 0), rows)));
    assert.deepEqual(may, [false, false, true, true, true, false]);
    const { outputs } = runNow(session, [pair(1, -7), pair(3, 2_147_483_640), pair(1, 0)], 6);
    const rows = [-7, 2_147_483_640, 2_147_483_656, 2_147_483_672, 0, 0];
    const difference = rows.flatMap((from) => Array.from({ length: 16 }, (_, n) => from + n));
    const start = [0, 0, 16, 32, 0, 0].flatMap((from) => Array.from({ length: 16 }, (_, n) => 1000 + from + n));
    assert.deepEqual(outputs.get('D')?.shape, [6, 16]);
    assert.deepEqual(
      [...(outputs.get('D')?.data as Int32Array)],
      difference.map((value, n) => ((value | 0) - (start[n] ?? 0)) | 0),
    );
    assert.deepEqual(watched.slice(-3), ['enter 7', 'leave', 'ran 3']);
    await session.close();
  });

  it('stop where the turn of the event loop has no time left, which is counted', async () => {
    const modelPath = await putModel(folder, { name: 'turns', graph: sumAndDifference });
    const turn = new Turn();
    const { session, watched, told } = open(modelPath, [1, 16], turn);
    for (let n = 0; n < 32; n++) session.note(sizeOf(pair(1, 0)), 0.05);
    assert.equal((await told).inline, true);
    turn.spend(1.9, 1);
    assert.equal(session.mayRun(sizeOf(pair(1, 0))), true);
    turn.spend(0.08, 1);
    assert.equal(session.mayRun(sizeOf(pair(1, 0))), false);
    assert.deepEqual(watched.slice(1), ['full turn']);
    await new Promise(setImmediate);
    assert.equal(session.mayRun(sizeOf(pair(1, 0))), true);
    await session.close();
  });

  it('fail with the reason of the run, and the watch sees their end', async () => {
    const modelPath = await putModel(folder, { name: 'fails', graph: failsOnLargeIndex });
    const { session, watched, told } = open(modelPath, [1, 1]);
    const x = (value: bigint): NamedTensors =>
      new Map([['X', { datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(value) }]]);
    for (let n = 0; n < 32; n++) session.note(sizeOf(x(0n)), 0.01);
    assert.equal((await told).inline, true);
    assert.throws(() => runNow(session, [x(3n)], 0), { code: 'ENGINE_FAILED' });
    assert.deepEqual(watched.slice(-2), ['enter 7', 'leave']);
    assert.deepEqual([...(runNow(session, [x(2n)], 0).outputs.get('Y')?.data as Float32Array)], [30]);
    await session.close();
  });

  it('never begin for a file that does not load here or is large, and the reason is told', async () => {
    const gone = open(join(folder, 'none.onnx'), [1, 16]);
    for (let n = 0; n < 32; n++) gone.session.note(sizeOf(pair(1, 0)), 0.01);
    assert.match((await gone.told).reason, /^it cannot be loaded on the HTTP thread: ENOENT/);
    const modelPath = await putModel(folder, { name: 'large', graph: sumAndDifference });
    await truncate(modelPath, 5_000_000);
    const large = open(modelPath, [1, 16]);
    for (let n = 0; n < 32; n++) large.session.note(sizeOf(pair(1, 0)), 0.01);
    const { inline, reason } = await large.told;
    assert.equal(inline, false);
    assert.match(reason, /its file of 5000000 bytes is larger than 4194304/);
    assert.equal(large.session.mayRun(sizeOf(pair(1, 0))), false);
    await large.session.close();
  });
});
