import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import type { Graph, GraphDim } from '../../../src/model/onnx/writer.js';
import type { ServableModel } from '../../../src/repository/types.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { failsOnLargeIndex, putModel } from '../../support/models.js';
import { useWorkplace } from '../workplace.js';

const place = useWorkplace();

const integers = (name: string, ...data: readonly number[]) =>
  ({ name, datatype: 'INT64', shape: [data.length], data: BigInt64Array.from(data, BigInt) }) as const;

/** Y = X of one shape made into another, by a constant. */
const reshapes = (shape: readonly GraphDim[], ...to: readonly number[]): Graph => ({
  name: 'reshapes',
  inputs: [{ name: 'X', datatype: 'FP32', shape }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: to }],
  nodes: [{ op: 'Reshape', inputs: ['X', 'to'], outputs: ['Y'] }],
  initializers: [integers('to', ...to)],
});

/** Y = one column of X, by a constant. */
const column = (shape: readonly GraphDim[], at: number): Graph => ({
  name: 'column',
  inputs: [{ name: 'X', datatype: 'FP32', shape }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', 1] }],
  nodes: [{ op: 'Gather', inputs: ['X', 'at'], outputs: ['Y'], attributes: { axis: 1 } }],
  initializers: [integers('at', at)],
});

/** Y = X * W, W of 80 rows. */
const product: Graph = {
  name: 'product',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 'length'] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', 2] }],
  nodes: [{ op: 'MatMul', inputs: ['X', 'W'], outputs: ['Y'] }],
  initializers: [{ name: 'W', datatype: 'FP32', shape: [80, 2], data: new Float32Array(160) }],
};

const floats = (...shape: readonly number[]): Tensor => ({
  datatype: 'FP32',
  shape,
  data: new Float32Array(shape.reduce((count, dim) => count * dim, 1)),
});
const index = (value: number): Tensor => ({ datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(BigInt(value)) });

/** How a request fares: `model` or `request`, whose fault it is that it fails, else `answered`. */
async function ask(model: ServableModel, X: Tensor): Promise<string> {
  const request = {
    inputs: new Map([['X', X]]),
    outputs: ['Y'],
    rows: X.shape[0] ?? 1,
    priority: 0,
    queueTimeoutMs: 0,
  };
  return model.infer(request).then(
    () => 'answered',
    (error: unknown) => (error instanceof AppError && error.details['isRequestFault'] === true ? 'request' : 'model'),
  );
}

async function serve(graph: Graph, warmup: boolean): Promise<ServableModel> {
  const root = await place.folder();
  await putModel(root, { name: 'm', graph, config: { warmup } });
  return (await place.open(root)).get('m');
}

for (const warmup of [false, true])
  describe(`a run that fails, with "warmup": ${warmup}`, () => {
    for (const [what, graph, X] of [
      ['a shape that its constant does not fit', reshapes([1, 4], 3, 7), floats(1, 4)],
      ['the same for every number of rows', reshapes(['n', 4], 3, 7), floats(2, 4)],
      ['a column that there is not', column([1, 4], 9), floats(1, 4)],
      ['the same for every number of rows', column(['n', 4], -9), floats(3, 4)],
      ['the same for every size of what is behind', column(['n', 4, 'm'], 9), floats(1, 4, 30)],
    ] as const)
      it(`is the model's fault where every run fails: ${what}`, async () => {
        const model = await serve(graph, warmup);
        assert.deepEqual(await Promise.all([ask(model, X), ask(model, X)]), ['model', 'model']);
        assert.equal(await ask(model, X), 'model');
        const [found, ...others] = model.notes.filter((note) => note.startsWith('Every run fails'));
        assert.match(found ?? '', /with made-up inputs too: .*running (Reshape|Gather) node/);
        assert.deepEqual(others, []);
      });

    for (const [what, graph, wrong, right] of [
      ['an index beyond the table', failsOnLargeIndex, index(3), index(2)],
      ['a number of rows', reshapes(['n', 5], 7, 5), floats(1, 5), floats(7, 5)],
      ['a size of two dimensions', reshapes(['n', 'm'], 11, 13), floats(2, 3), floats(11, 13)],
      ['a length that no refusal names', product, floats(1, 79), floats(1, 80)],
      ['a column of a short request', column(['n', 'm'], 200), floats(1, 4), floats(1, 201)],
    ] as const)
      it(`is the request's where others would be answered: ${what}`, async () => {
        const model = await serve(graph, warmup);
        assert.equal(await ask(model, wrong), 'request');
        assert.equal(await ask(model, right), 'answered');
        assert.equal(await ask(model, wrong), 'request');
        assert.deepEqual(
          model.notes.filter((note) => note.startsWith('Every run fails')),
          [],
        );
      });
  });
