import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Graph } from '../../../src/model/onnx/writer.js';
import type { Runner, RunnerSession } from '../../../src/workers/runner.js';
import { datatypes, type Datatype } from '../../../src/tensor/datatype.js';
import { identity, putModel } from '../../support/models.js';
import { addsConstant, constantOf, useWorkplace } from '../workplace.js';

const place = useWorkplace();

const rows = (name: string, width: number) => ({ name, datatype: 'FP32', shape: ['batch', width] }) as const;

/** Y = X - mean of X over the rows. */
const mixesRows: Graph = {
  name: 'mixes-rows',
  inputs: [rows('X', 4)],
  outputs: [rows('Y', 4)],
  nodes: [
    { op: 'ReduceMean', inputs: ['X'], outputs: ['mean'], attributes: { axes: [0], keepdims: 1 } },
    { op: 'Sub', inputs: ['X', 'mean'], outputs: ['Y'] },
  ],
};

const reshapes = (target: readonly [bigint, bigint], width: number): Graph => ({
  name: 'reshapes',
  inputs: [rows('X', 4)],
  outputs: [rows('Y', width)],
  nodes: [{ op: 'Reshape', inputs: ['X', 'target'], outputs: ['Y'] }],
  initializers: [{ name: 'target', datatype: 'INT64', shape: [2], data: BigInt64Array.of(...target) }],
});

/** Looks up element X + 5 of three: refuses every made-up input. */
const refusesSmall: Graph = {
  name: 'refuses-small',
  inputs: [{ name: 'X', datatype: 'INT64', shape: ['batch', 1] }],
  outputs: [rows('Y', 1)],
  nodes: [
    { op: 'Add', inputs: ['X', 'five'], outputs: ['index'] },
    { op: 'Gather', inputs: ['table', 'index'], outputs: ['Y'] },
  ],
  initializers: [
    { name: 'five', datatype: 'INT64', shape: [1], data: BigInt64Array.of(5n) },
    { name: 'table', datatype: 'FP32', shape: [3], data: Float32Array.of(1, 2, 3) },
  ],
};

/** A convolution that refuses images below 5x5. */
const refusesTiny: Graph = {
  name: 'refuses-tiny',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 1, 'h', 'w'] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 1, 'oh', 'ow'] }],
  nodes: [{ op: 'Conv', inputs: ['X', 'W'], outputs: ['Y'], attributes: { kernel_shape: [5, 5] } }],
  initializers: [{ name: 'W', datatype: 'FP32', shape: [1, 1, 5, 5], data: new Float32Array(25).fill(0.1) }],
};

async function loadOne(graph: Graph, config: object = {}, runner: Runner = place.runner) {
  const root = await place.folder();
  await putModel(root, { name: 'm', graph, config });
  return (await place.open(root, { runner })).get('m');
}

/** The workplace's runner as a GPU on which a run takes 2 ms, and longer when the number of rows changes. */
function gpuOf(switchMs: number): Runner {
  return changed(place.runner, (session) => {
    let last = 0;
    return {
      loaded: { ...session.loaded, placement: { ...session.loaded.placement, device: 'cuda:0' } },
      runOn: async (instance, job) => {
        const outcome = await session.runOn(instance, job);
        const computeNs = (2 + (job.rows === last ? 0 : switchMs)) * 1e6;
        last = job.rows;
        return { ...outcome, timing: { ...outcome.timing, computeNs } };
      },
    };
  });
}

/** The same runner, but for what `change` answers of each session. */
function changed(
  runner: Runner,
  change: (session: RunnerSession) => Pick<RunnerSession, 'runOn'> & Partial<RunnerSession>,
): Runner {
  return {
    load: async (spec, how) => {
      const session = await runner.load(spec, how);
      return {
        loaded: session.loaded,
        wake: () => session.wake(),
        inline: undefined,
        limitProcesses: () => () => undefined,
        hasFreeWorker: () => session.hasFreeWorker(),
        unload: () => session.unload(),
        runIfFree: (job) => session.runIfFree(job),
        ...change(session),
      };
    },
  };
}

const advice = 'Set batching.maxRows in model.json to turn it on, or to 0 to keep it off without this note.';

describe('automatic batching', () => {
  it('is on where rows give the same results together as alone, for every datatype', async () => {
    const root = await place.folder();
    const carried = (Object.keys(datatypes) as Datatype[]).filter((name) => datatypes[name].ort !== null);
    for (const datatype of carried) await putModel(root, { name: datatype, graph: identity(datatype, ['batch', 3]) });
    const models = (await place.open(root)).ready();
    assert.deepEqual(
      models.map(({ name, config, notes }) => [name, config.batching.maxRows, notes]),
      carried.sort().map((name) => [name, 32, []]),
    );
  });

  it('is off, with the reason, where a row depends on the rows beside it', async () => {
    const model = await loadOne(mixesRows);
    assert.equal(model.config.batching.maxRows, 0);
    const reason = "node 'mean' (ReduceMean): it computes over axis 0, on which the rows are";
    assert.deepEqual(model.notes, [`Batching is off: ${reason}. ${advice}`]);
  });

  it('is off where rows of a single 0 or 1 depend on each other', async () => {
    const model = await loadOne({
      name: 'counts',
      inputs: [{ name: 'X', datatype: 'INT64', shape: ['batch'] }],
      outputs: [{ name: 'Y', datatype: 'INT64', shape: ['batch'] }],
      nodes: [{ op: 'CumSum', inputs: ['X', 'axis'], outputs: ['Y'] }],
      initializers: [{ name: 'axis', datatype: 'INT64', shape: [], data: BigInt64Array.of(0n) }],
    });
    assert.equal(model.config.batching.maxRows, 0);
  });

  it('is off, with the reason, where the shape of an output fixes the number of rows, or gives another', async () => {
    const [fails] = (await loadOne(reshapes([1n, 4n], 4))).notes;
    assert.equal(fails, `Batching is off: node 'Y' (Reshape): it gives a shape with a fixed number of rows. ${advice}`);
    const { notes } = await loadOne(reshapes([-1n, 2n], 2));
    assert.deepEqual(notes, [
      `Batching is off: output 'Y' does not have one element of its first dimension for each row. ${advice}`,
    ]);
  });

  it('is off where a GPU takes longer to change the number of rows than to run them', async () => {
    const seen = await Promise.all(
      [50, 0.5, 0].map((switchMs) => loadOne(identity('FP32', ['batch', 3]), {}, gpuOf(switchMs))),
    );
    assert.deepEqual(
      seen.map(({ config }) => config.batching.maxRows),
      [0, 32, 32],
    );
    const [note] = seen[0]?.notes ?? [];
    assert.match(
      note ?? '',
      /^Batching is off: on cuda:0 a run with another number of rows than the last one takes 50 ms longer, and one of 8 rows 2 ms;/,
    );
  });

  it('gives way to model.json, which may know better', async () => {
    const model = await loadOne(mixesRows, { batching: { maxRows: 4 } });
    assert.deepEqual([model.config.batching.maxRows, model.notes], [4, []]);
  });

  it('is proven with larger inputs where the model refuses the smallest', async () => {
    const model = await loadOne(refusesTiny);
    assert.deepEqual([model.config.batching.maxRows, model.notes], [32, []]);
  });
});

describe('warm-up', () => {
  it('does not fail a model that refuses made-up inputs, and says so', async () => {
    const model = await loadOne(refusesSmall);
    const [batching, warmUp] = model.notes;
    assert.equal(model.config.batching.maxRows, 32);
    assert.match(
      batching!,
      /^Batching relies on the graph alone, nothing was measured \(the model refused made-up inputs: .*Gather/s,
    );
    assert.match(warmUp!, /^Warm-up stopped: the model refused made-up inputs \(.*Gather.*\)\.$/s);
    const X = { datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(-3n) } as const;
    const request = { inputs: new Map([['X', X]]), outputs: ['Y'], rows: 1, priority: 0, queueTimeoutMs: 0 };
    assert.equal((await model.infer(request)).outputs.get('Y')?.data[0], 3);
  });

  it('runs one row and every bucket on every worker before the model is ready', async () => {
    const { runner, runs } = recordRuns(place.runner);
    const model = await loadOne(addsConstant(1), { batching: { buckets: [2, 8] } }, runner);
    assert.deepEqual(runs.sort(), ['0: 1', '0: 2', '0: 8', '1: 1', '1: 2', '1: 8']);
    assert.equal(model.statistics.snapshot().executionCount, 0, 'warm-up is not counted');
    assert.equal(await constantOf(model), 1);
  });

  it('is left out where model.json says so', async () => {
    const { runner, runs } = recordRuns(place.runner);
    await loadOne(addsConstant(1), { warmup: false, batching: { maxRows: 8 } }, runner);
    assert.deepEqual(runs, []);
  });
});

/** The same runner, with a list of the runs that were made ahead of the queue: `<instance>: <rows>`. */
function recordRuns(runner: Runner): { readonly runner: Runner; readonly runs: string[] } {
  const runs: string[] = [];
  return {
    runs,
    runner: changed(runner, (session) => ({
      runOn: (instance, job) => {
        runs.push(`${instance}: ${job.rows}`);
        return session.runOn(instance, job);
      },
    })),
  };
}
