import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tensorType, type Graph, type GraphNode } from '../../../src/model/onnx/writer.js';
import { jsonOf, send } from '../../support/http.js';
import { identity } from '../../support/models.js';
import { serveFor } from '../../support/server.js';

const ones = (name: string, ...shape: number[]) => {
  const size = shape.reduce((product, side) => product * side, 1);
  return { name, datatype: 'FP32', shape, data: new Float32Array(size).fill(1) } as const;
};

/** Each computes along dimensions of X that requests choose, with an operator that ends the process where one is 0. */
const cases: readonly { readonly graph: Graph; readonly shape: readonly number[]; readonly open: readonly number[] }[] =
  [
    {
      graph: {
        name: 'InstanceNormalization',
        inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 2, 'h', 'w'] }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', 2, 'h', 'w'] }],
        initializers: [ones('scale', 2), ones('bias', 2)],
        nodes: [{ op: 'InstanceNormalization', inputs: ['X', 'scale', 'bias'], outputs: ['Y'] }],
      },
      shape: [3, 2, 1, 5],
      open: [0, 2, 3],
    },
    {
      graph: {
        name: 'GRU',
        inputs: [{ name: 'X', datatype: 'FP32', shape: ['steps', 'n', 3] }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: ['steps', 1, 'n', 2] }],
        initializers: [ones('W', 1, 6, 3), ones('R', 1, 6, 2)],
        nodes: [{ op: 'GRU', inputs: ['X', 'W', 'R'], outputs: ['Y'], attributes: { hidden_size: 2 } }],
      },
      shape: [4, 2, 3],
      open: [0, 1],
    },
    {
      graph: {
        name: 'Einsum',
        inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 'i', 'j'] }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', 'i', 'k'] }],
        nodes: [{ op: 'Einsum', inputs: ['X', 'X'], outputs: ['Y'], attributes: { equation: 'nij,nkj->nik' } }],
      },
      shape: [1, 2, 3],
      open: [0, 1, 2],
    },
    {
      graph: {
        name: 'DFT',
        inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 'length', 1] }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', 'length', 2] }],
        nodes: [{ op: 'DFT', inputs: ['X'], outputs: ['Y'] }],
      },
      shape: [2, 4, 1],
      open: [0, 1],
    },
    {
      graph: {
        name: 'TopK',
        inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 'i', 3] }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', 'i', 2] }],
        initializers: [{ name: 'k', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n) }],
        nodes: [{ op: 'TopK', inputs: ['X', 'k'], outputs: ['Y', 'places'] }],
      },
      shape: [2, 4, 3],
      open: [0, 1],
    },
    {
      graph: {
        name: 'QAttention',
        inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 'tokens', 4] }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', 'tokens', 4] }],
        initializers: [
          { name: 'W', datatype: 'UINT8', shape: [4, 12], data: new Uint8Array(48).fill(2) },
          { name: 'Wz', datatype: 'UINT8', shape: [], data: Uint8Array.of(1) },
          ones('b', 12),
          ones('Ws'),
        ],
        nodes: [
          { op: 'DynamicQuantizeLinear', inputs: ['X'], outputs: ['q', 'qs', 'qz'] },
          {
            op: 'QAttention',
            domain: 'com.microsoft',
            inputs: ['q', 'W', 'b', 'qs', 'Ws', '', 'qz', 'Wz'],
            outputs: ['Y'],
            attributes: { num_heads: 2 },
          },
        ],
        opsets: { 'com.microsoft': 1 },
      },
      shape: [2, 3, 4],
      open: [0, 1],
    },
  ];

const bodyOf = (shape: readonly number[]): string => {
  const data = Array.from({ length: shape.reduce((product, side) => product * side, 1) }, () => 1);
  return JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape, data }] });
};

describe('a tensor without elements', () => {
  for (const { graph, shape, open } of cases) {
    it(`is refused where ${graph.name} would end the process, whichever dimension is 0`, async (context) => {
      const { url } = await serveFor(context, { models: [{ name: 'm', graph }] });
      const ask = (sides: readonly number[]) => send(url, { path: '/v2/models/m/infer', body: bodyOf(sides) });
      assert.equal((await ask(shape)).status, 200);
      for (const at of open) {
        const answer = await ask(shape.map((side, index) => (index === at ? 0 : side)));
        assert.equal(answer.status, 400, answer.body.toString());
        const { error } = jsonOf(answer) as { error: string };
        assert.match(error, /^input 'X' of shape \[[\d,]+\] has no elements.*Expected 1 or more in each dimension/);
        assert.ok(error.includes(`computes with ${graph.name}`));
      }
      assert.equal((await ask(shape)).status, 200);
    });
  }

  it('is computed on by models without such an operator', async (context) => {
    const { url } = await serveFor(context, { models: [{ name: 'm', graph: identity('FP32', ['n', 'i', 'j']) }] });
    const answer = await send(url, { path: '/v2/models/m/infer', body: bodyOf([2, 0, 3]) });
    const { outputs } = jsonOf(answer) as { outputs: { shape: number[]; data: number[] }[] };
    assert.deepEqual([outputs[0]?.shape, outputs[0]?.data], [[2, 0, 3], []]);
  });

  const cut = (node: Omit<GraphNode, 'inputs' | 'outputs'>, bounds: readonly number[] = []): Graph => ({
    name: 'cut',
    inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 2, 'w'] }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', 2, null] }],
    initializers: [
      ones('scale', 2),
      ones('bias', 2),
      ...bounds.map(
        (bound, at) =>
          ({ name: `b${at}`, datatype: 'INT64', shape: [1], data: BigInt64Array.of(BigInt(bound)) }) as const,
      ),
    ],
    nodes: [
      { ...node, inputs: ['X', ...bounds.map((_, at) => `b${at}`)], outputs: ['cut'] },
      { op: 'InstanceNormalization', inputs: ['cut', 'scale', 'bias'], outputs: ['Y'] },
    ],
  });
  const emptied: readonly { readonly said: string; readonly graph: Graph }[] = [
    { said: 'a Slice from 5 on', graph: cut({ op: 'Slice' }, [5, 2 ** 40, 2]) },
    { said: 'a Slice without the last', graph: cut({ op: 'Slice' }, [0, -1, 2]) },
    { said: 'a pool of 2', graph: cut({ op: 'MaxPool', attributes: { kernel_shape: [2] } }) },
  ];
  for (const { said, graph } of emptied) {
    it(`that ${said} leaves of a short input ends the process of its model alone`, async (context) => {
      const models = [
        { name: 'm', graph, config: { warmup: false } },
        { name: 'other', graph: identity('FP32', ['n', 'i', 'j']) },
      ];
      const { url } = await serveFor(context, { models });
      const ask = (model: string, sides: readonly number[]) =>
        send(url, { path: `/v2/models/${model}/infer`, body: bodyOf(sides) });
      assert.equal((await ask('m', [1, 2, 9])).status, 200);
      assert.equal((await ask('m', [1, 2, 1])).status, 503);
      assert.equal((await ask('other', [1, 2, 1])).status, 200);
    });
  }

  it('that the values of a request leave ends the process of its model alone', async (context) => {
    const integers = (name: string, ...values: number[]) =>
      ({ name, datatype: 'INT64', shape: [values.length], data: BigInt64Array.from(values, BigInt) }) as const;
    const graph: Graph = {
      name: 'best-of-kept',
      inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 3] }],
      outputs: [{ name: 'Y', datatype: 'FP32', shape: ['kept', 2] }],
      initializers: [integers('k', 2), integers('one', 1), integers('zero', 0)],
      nodes: [
        { op: 'ReduceSum', inputs: ['X', 'one'], outputs: ['sum'], attributes: { keepdims: 0 } },
        { op: 'NonZero', inputs: ['sum'], outputs: ['found'] },
        { op: 'Squeeze', inputs: ['found', 'zero'], outputs: ['rows'] },
        { op: 'Gather', inputs: ['X', 'rows'], outputs: ['kept'] },
        { op: 'TopK', inputs: ['kept', 'k'], outputs: ['Y', 'places'] },
      ],
    };
    const models = [
      { name: 'm', graph },
      { name: 'other', graph: identity('FP32', ['n', 3]) },
    ];
    const { url } = await serveFor(context, { models });
    const ask = (model: string, data: readonly number[]) => {
      const input = { name: 'X', datatype: 'FP32', shape: [data.length / 3, 3], data };
      return send(url, { path: `/v2/models/${model}/infer`, body: JSON.stringify({ inputs: [input] }) });
    };
    const answer = await ask('m', [1, -2, 3, 0, 0, 0, -7, -8, -1e9]);
    const { outputs } = jsonOf(answer) as { outputs: { shape: number[]; data: number[] }[] };
    assert.deepEqual(
      [outputs[0]?.shape, outputs[0]?.data],
      [
        [2, 2],
        [3, 1, -7, -8],
      ],
    );
    assert.equal((await ask('m', [0, 0, 0])).status, 503);
    assert.equal((await ask('other', [0, 0, 0])).status, 200);
  });
});

describe('a tensor of another rank', () => {
  it('ends at most the process of a model that declares no shape', async (context) => {
    const graph: Graph = {
      name: 'turned',
      inputs: [{ name: 'X', type: tensorType('FP32') }],
      outputs: [{ name: 'Y', type: tensorType('FP32') }],
      nodes: [{ op: 'Einsum', inputs: ['X'], outputs: ['Y'], attributes: { equation: 'ij->ji' } }],
    };
    const models = [
      { name: 'm', graph, config: { warmup: false } },
      { name: 'other', graph: identity('FP32', ['n']) },
    ];
    const { url } = await serveFor(context, { models });
    const ask = (model: string, shape: readonly number[]) =>
      send(url, { path: `/v2/models/${model}/infer`, body: bodyOf(shape) });
    assert.equal((await ask('m', [2, 3])).status, 200);
    for (const shape of [[6], [1, 2, 3]]) assert.notEqual((await ask('m', shape)).status, 200);
    assert.equal((await ask('other', [2])).status, 200);
  });
});
