import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { InferResult } from '../../src/batching/types.js';
import { writeOnnx, type Graph } from '../../src/model/onnx/writer.js';
import { createRandom } from '../../src/tensor/random.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { putModel } from '../support/models.js';
import { mlp } from '../support/mlp.js';
import type { BatchingOff } from '../../src/repository/servable.js';
import { useWorkplace } from './workplace.js';

const place = useWorkplace();
const width = 2000;

/** Keeps the rows whose first element is above zero. Wide enough that inputs move to the worker. */
const keepsPositive: Graph = {
  name: 'keeps-positive',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', width] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', width] }],
  nodes: [
    { op: 'Gather', inputs: ['X', 'first'], outputs: ['head'], attributes: { axis: 1 } },
    { op: 'Greater', inputs: ['head', 'zero'], outputs: ['isPositive'] },
    { op: 'Compress', inputs: ['X', 'isPositive'], outputs: ['Y'], attributes: { axis: 0 } },
  ],
  initializers: [
    { name: 'first', datatype: 'INT64', shape: [], data: BigInt64Array.of(0n) },
    { name: 'zero', datatype: 'FP32', shape: [], data: Float32Array.of(0) },
  ],
};

/** Looks up the first element of each row: fails in the run where it is 3 or more. */
const failsOnThree: Graph = {
  name: 'fails-on-three',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', width] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n'] }],
  nodes: [
    { op: 'Gather', inputs: ['X', 'first'], outputs: ['head'], attributes: { axis: 1 } },
    { op: 'Cast', inputs: ['head'], outputs: ['index'], attributes: { to: 7 } },
    { op: 'Gather', inputs: ['table', 'index'], outputs: ['Y'] },
  ],
  initializers: [
    { name: 'first', datatype: 'INT64', shape: [], data: BigInt64Array.of(0n) },
    { name: 'table', datatype: 'FP32', shape: [3], data: Float32Array.of(10, 20, 30) },
  ],
};

const row = (value: number): Tensor => ({
  datatype: 'FP32',
  shape: [1, width],
  data: new Float32Array(width).fill(value),
});

async function serve(graph: Graph, config: object) {
  const events: BatchingOff[] = [];
  const root = await place.folder();
  await putModel(root, { name: 'm', graph, config: { warmup: false, ...config } });
  const model = (await place.open(root, { onBatchingOff: (event) => events.push(event) })).get('m');
  const ask = (X: Tensor) =>
    model.infer({ inputs: new Map([['X', X]]), outputs: ['Y'], rows: X.shape[0]!, priority: 0, queueTimeoutMs: 0 });
  return { model, events, ask };
}

const dataOf = ({ outputs }: InferResult) => Array.from(outputs.get('Y')!.data as Float32Array);

describe('a model that is batched on the word of its model.json', () => {
  it('answers as alone where its outputs are not rows, and is batched no more', async () => {
    const { model, events, ask } = await serve(keepsPositive, { batching: { maxRows: 8 } });
    const answers = await Promise.all([1, -2, 3, -4].map((value) => ask(row(value))));
    assert.deepEqual(
      answers.map(({ outputs }) => [outputs.get('Y')!.shape[0], outputs.get('Y')!.data[0]]),
      [
        [1, 1],
        [0, undefined],
        [1, 3],
        [0, undefined],
      ],
    );
    assert.equal(model.config.batching.maxRows, 0);
    assert.equal(model.notes.length, 1);
    assert.match(
      model.notes[0]!,
      /^Batching was turned off while serving: Output Y of a run of 4 rows has shape \[2,2000\]/,
    );
    assert.deepEqual(
      events.map(({ fault, ...of }) => [of, fault.kind]),
      [[{ model: 'm', version: '1' }, 'uncut']],
    );
    const { sharing } = model.statistics.snapshot();
    assert.deepEqual([sharing.repeatedRuns, sharing.turnedOff], [1, 1]);
  });

  it('stays batched where the data of one request fails it, and answers the others with their own', async () => {
    const { model, ask } = await serve(failsOnThree, { batching: { maxRows: 8 } });
    const answers = await Promise.allSettled([0, 1, 9, 2].map((value) => ask(row(value))));
    assert.deepEqual(
      answers.map((answer) =>
        answer.status === 'fulfilled' ? dataOf(answer.value) : (answer.reason as { code: string }).code,
      ),
      [[10], [20], 'ENGINE_FAILED', [30]],
    );
    assert.deepEqual([model.config.batching.maxRows, model.notes], [8, []]);
  });
});

describe('a request of more rows than run together by default', () => {
  it('gets the answer of the plain runtime, in order, among other clients of all sizes', async () => {
    const graph = mlp({ width: 16, layers: 2 });
    const { model, ask } = await serve(graph, { warmup: true, batching: { maxQueueRows: 100_000 } });
    assert.equal(model.config.batching.maxRows, 32);
    const plain = await InferenceSession.create(writeOnnx(graph));
    const random = createRandom(7);
    const draw = (rows: number): Tensor => {
      const data = Float32Array.from({ length: rows * 16 }, () => random() * 20 - 10);
      return { datatype: 'FP32', shape: [rows, 16], data };
    };
    const client = async (sizes: readonly number[]): Promise<void> => {
      for (const rows of sizes) {
        const x = draw(rows);
        const { Y } = await plain.run({ X: new OrtTensor('float32', x.data.slice() as Float32Array, [rows, 16]) });
        const answer = (await ask(x)).outputs.get('Y')!;
        assert.deepEqual(answer.shape, [rows, 16]);
        for (const [at, value] of (Y!.data as Float32Array).entries()) {
          assert.ok(
            Math.abs(Number(answer.data[at]) - value) < 1e-5,
            `${rows} rows: ${String(answer.data[at])}, not ${value}`,
          );
        }
      }
    };
    const sizes = [33, 1, 100, 7, 32, 64, 3, 500];
    await Promise.all(sizes.map((_, n) => client([...sizes.slice(n), ...sizes.slice(0, n)])));
    await client([2000]);
    const { inferenceCount, success, batches } = model.statistics.snapshot();
    const asked = sizes.length * sizes.reduce((sum, rows) => sum + rows, 0) + 2000;
    assert.deepEqual([inferenceCount, success.count], [asked, sizes.length ** 2 + 1]);
    assert.ok(batches.some(({ batchSize }) => batchSize > 1 && batchSize <= 32));
    // Where 500 and 2,000 rows are known to take a moment, they run together.
    assert.ok(batches.every(({ batchSize }) => batchSize <= 2048));
  });
});
