import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelMetadata } from '../../../src/protocol/types.js';
import { untyped } from '../../../src/model/onnx/value-type.js';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { jsonOf, send } from '../../support/http.js';
import { serveFor } from '../../support/server.js';

interface Answer {
  readonly outputs: readonly { name: string; datatype: string; shape: number[]; data: (number | string)[] }[];
}

describe('outputs of which the file says only the name', () => {
  const inner = (...names: readonly string[]) => names.map((name) => ({ name, type: untyped }));

  it('have the types that their nodes give them, as ONNX Runtime finds them', async (context) => {
    const graph: Graph = {
      name: 'inner',
      inputs: [{ name: 'X', datatype: 'FP32', shape: ['N', 3] }],
      outputs: [
        { name: 'Y', datatype: 'FP32', shape: ['N', 3] },
        ...inner('X', 'A', 'G', 'I', 'S', 'V', 'P', 'Q', 'D', 'C', 'K', 'H', 'E', 'W', 'B16', 'L'),
      ],
      initializers: [
        { name: 'zero', datatype: 'FP32', shape: [], data: Float32Array.of(0) },
        { name: 'two', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n) },
        { name: 'scale', datatype: 'FP32', shape: [], data: Float32Array.of(0.5) },
        { name: 'offset', datatype: 'INT8', shape: [], data: Int8Array.of(-1) },
        { name: 'table', datatype: 'FP64', shape: [3], data: Float64Array.of(0.1, -1e300, 7) },
      ],
      nodes: [
        { op: 'Relu', inputs: ['X'], outputs: ['A'] },
        { op: 'Neg', inputs: ['A'], outputs: ['Y'] },
        { op: 'Greater', inputs: ['X', 'zero'], outputs: ['G'] },
        { op: 'ArgMax', inputs: ['X'], outputs: ['I'], attributes: { axis: 1, keepdims: 0 } },
        { op: 'Shape', inputs: ['X'], outputs: ['S'] },
        { op: 'TopK', inputs: ['X', 'two'], outputs: ['V', 'P'] },
        { op: 'QuantizeLinear', inputs: ['X', 'scale', 'offset'], outputs: ['Q'] },
        { op: 'DequantizeLinear', inputs: ['Q', 'scale', 'offset'], outputs: ['D'] },
        { op: 'Cast', inputs: ['X'], outputs: ['C'], attributes: { to: 6 } },
        { op: 'Constant', inputs: [], outputs: ['K'], attributes: { value_ints: [4, -5] } },
        { op: 'Gather', inputs: ['table', 'I'], outputs: ['H'] },
        { op: 'Where', inputs: ['G', 'C', 'C'], outputs: ['W'] },
        { op: 'Cast', inputs: ['X'], outputs: ['B16'], attributes: { to: 16 } },
        { op: 'EyeLike', inputs: ['X'], outputs: ['E'], attributes: { dtype: 7 } },
        {
          op: 'LabelEncoder',
          domain: 'ai.onnx.ml',
          inputs: ['I'],
          outputs: ['L'],
          attributes: { keys_int64s: [0, 1], values_strings: { strings: ['left', 'right'] } },
        },
      ],
      opsets: { 'ai.onnx.ml': 2 },
    };
    const { url } = await serveFor(context, { models: [{ name: 'm', graph }] });
    const names = graph.outputs.map(({ name }) => ({ name })).filter(({ name }) => name !== 'B16');
    const inputs = [{ name: 'X', datatype: 'FP32', shape: [2, 3], data: [3, -1, 0.75, -2.5, 4, 0] }];
    const body = JSON.stringify({ inputs, outputs: names });
    const answer = await send(url, { path: '/v2/models/m/infer', body });
    assert.equal(answer.status, 200, answer.body.toString());
    const { outputs } = jsonOf(answer) as Answer;
    assert.deepEqual(
      outputs.map(({ name, datatype, shape, data }) => [name, datatype, shape, data]),
      [
        ['Y', 'FP32', [2, 3], [-3, -0, -0.75, -0, -4, -0]],
        ['X', 'FP32', [2, 3], [3, -1, 0.75, -2.5, 4, 0]],
        ['A', 'FP32', [2, 3], [3, 0, 0.75, 0, 4, 0]],
        ['G', 'BOOL', [2, 3], [true, false, true, false, true, false]],
        ['I', 'INT64', [2], [0, 1]],
        ['S', 'INT64', [2], [2, 3]],
        ['V', 'FP32', [2, 2], [3, 0.75, 4, 0]],
        ['P', 'INT64', [2, 2], [0, 2, 1, 2]],
        ['Q', 'INT8', [2, 3], [5, -3, 1, -6, 7, -1]],
        ['D', 'FP32', [2, 3], [3, -1, 1, -2.5, 4, 0]],
        ['C', 'INT32', [2, 3], [3, -1, 0, -2, 4, 0]],
        ['K', 'INT64', [2], [4, -5]],
        ['H', 'FP64', [2], [0.1, -1e300]],
        ['E', 'INT64', [2, 3], [1, 0, 0, 0, 1, 0]],
        ['W', 'INT32', [2, 3], [3, -1, 0, -2, 4, 0]],
        ['L', 'BYTES', [2], ['left', 'right']],
      ],
    );
    const metadata = jsonOf(await send(url, { path: '/v2/models/m' })) as ModelMetadata;
    assert.equal(metadata.outputs.find(({ name }) => name === 'B16')?.datatype, 'BF16');
    assert.ok(metadata.notes?.includes("Output 'A' has no type in the file; its node gives FP32."));
  });

  it('are refused with the reason where no node makes them', async (context) => {
    const graph: Graph = {
      name: 'none',
      inputs: [{ name: 'X', datatype: 'FP32', shape: ['N', 3] }],
      outputs: inner('nowhere'),
      nodes: [{ op: 'Relu', inputs: ['X'], outputs: ['A'] }],
    };
    const { url } = await serveFor(context, { models: [{ name: 'm', graph }] });
    const ready = await send(url, { path: '/v2/models/m/ready' });
    assert.match(ready.body.toString(), /output 'nowhere' is a value without a type/);
  });
});
