import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelMetadata } from '../../../src/protocol/types.js';
import type { ValueType } from '../../../src/model/onnx/value-type.js';
import type { AttributeValue, Graph } from '../../../src/model/onnx/writer.js';
import { jsonOf, send, withBinary } from '../../support/http.js';
import { serveFor } from '../../support/server.js';

const tensorOf = (element: number, ...dims: readonly number[]): ValueType => ({
  kind: 'tensor',
  element,
  dims: dims.map((size) => ({ size, name: size === -1 ? 'N' : '' })),
});
const mapsTo = (key: number): ValueType => ({
  kind: 'sequence',
  of: { kind: 'map', key, of: { kind: 'tensor', element: 1 } },
});

/** Softmax over three scores, the best class, and the maps that exporters of scikit-learn models put behind them. */
function classifier(zipMap: Readonly<Record<string, AttributeValue>>, key: number): Graph {
  return {
    name: 'classifier',
    inputs: [{ name: 'X', datatype: 'FP32', shape: [null, 3] }],
    outputs: [
      { name: 'label', datatype: 'INT64', shape: [null] },
      { name: 'probabilities', type: mapsTo(key) },
    ],
    nodes: [
      { op: 'Softmax', inputs: ['X'], outputs: ['P'] },
      { op: 'ArgMax', inputs: ['X'], outputs: ['label'], attributes: { axis: 1, keepdims: 0 } },
      { op: 'ZipMap', domain: 'ai.onnx.ml', inputs: ['P'], outputs: ['Z'], attributes: zipMap },
      { op: 'Identity', inputs: ['Z'], outputs: ['probabilities'] },
    ],
    opsets: { 'ai.onnx.ml': 3 },
  };
}

interface Answer {
  readonly outputs: readonly { name: string; datatype: string; shape: number[]; data: (number | string)[] }[];
}

const softmax = (scores: readonly number[]) => {
  const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
  return scores.map((score) => Math.exp(score) / sum);
};

describe('a classifier with the maps of an exporter (ZipMap)', () => {
  for (const [kind, zipMap, key, labels] of [
    ['texts', { classlabels_strings: { strings: ['ham', 'spam', 'égg'] } }, 8, ['ham', 'spam', 'égg']],
    ['integers', { classlabels_int64s: [-7, 0, 9007199254740991] }, 7, ['-7', '0', '9007199254740991']],
  ] as const) {
    it(`answers the probabilities as a tensor whose columns have ${kind} as names`, async (context) => {
      const { url } = await serveFor(context, { models: [{ name: 'm', graph: classifier(zipMap, key) }] });
      const metadata = jsonOf(await send(url, { path: '/v2/models/m' })) as ModelMetadata;
      assert.deepEqual(metadata.outputs, [
        { name: 'label', datatype: 'INT64', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 3], labels },
      ]);
      const rows = [
        [0, 1, -2],
        [30, -30, 0],
        [5, 5, 6],
      ];
      const inputs = [{ name: 'X', datatype: 'FP32', shape: [3, 3], data: rows.flat() }];
      const { outputs } = jsonOf(
        await send(url, { path: '/v2/models/m/infer', body: JSON.stringify({ inputs }) }),
      ) as Answer;
      const [label, probabilities] = outputs;
      assert.deepEqual(
        [label?.data, probabilities?.shape],
        [
          [1, 0, 2],
          [3, 3],
        ],
      );
      for (const [index, expected] of rows.flatMap(softmax).entries()) {
        assert.ok(Math.abs(Number(probabilities?.data[index]) - expected) < 1e-6, `element ${index}`);
      }
      const predicted = jsonOf(
        await send(url, { path: '/predictions/m', body: JSON.stringify({ inputs, top: 1 }) }),
      ) as { predictions: { label: string; probability: number }[][] };
      assert.deepEqual(
        predicted.predictions.map(([best]) => best?.label),
        [labels[1], labels[0], labels[2]],
      );
      assert.ok(Math.abs((predicted.predictions[1]?.[0]?.probability ?? 0) - 1) < 1e-6, 'no second softmax');
    });
  }
});

/** Y = X, both of an element type, and Z = X as FP32. */
function passes(element: number, opset: number): Graph {
  return {
    name: 'passes',
    inputs: [{ name: 'X', type: tensorOf(element, -1) }],
    outputs: [
      { name: 'Y', type: tensorOf(element, -1) },
      { name: 'Z', datatype: 'FP32', shape: ['N'] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['X'], outputs: ['Y'] },
      { op: 'Cast', inputs: ['Y'], outputs: ['Z'], attributes: { to: 1 } },
    ],
    opset,
    irVersion: 10,
  };
}

describe('tensors of types that the runtime for Node does not pass', () => {
  it('are served as BF16 in its own bytes, every one of the 65,536 patterns that is a number', async (context) => {
    const { url } = await serveFor(context, {
      models: [{ name: 'm', graph: passes(16, 21), config: { batching: { maxRows: 0 } } }],
    });
    const metadata = jsonOf(await send(url, { path: '/v2/models/m' })) as ModelMetadata;
    assert.deepEqual(metadata.inputs, [{ name: 'X', datatype: 'BF16', shape: [-1] }]);
    assert.equal(metadata.outputs[0]?.datatype, 'BF16');
    const isNumber = (pattern: number) => (pattern & 0x7f80) !== 0x7f80 || (pattern & 0x7f) === 0;
    const patterns = Uint16Array.from({ length: 65_536 }, (_, pattern) => pattern).filter(isNumber);
    const bytes = new Uint8Array(patterns.buffer);
    const answer = await send(url, {
      path: '/v2/models/m/infer',
      ...withBinary(
        {
          inputs: [
            { name: 'X', datatype: 'BF16', shape: [patterns.length], parameters: { binary_data_size: bytes.length } },
          ],
          parameters: { binary_data_output: true },
        },
        bytes,
      ),
    });
    assert.equal(answer.status, 200, answer.body.subarray(0, 300).toString());
    const end = Number(answer.headers['inference-header-content-length']);
    const own = answer.body.subarray(end, end + bytes.length);
    assert.ok(own.equals(bytes), 'the same patterns come back');
    const floats = new Float32Array(Uint8Array.from(answer.body.subarray(end + bytes.length)).buffer);
    const expected = new Float32Array(Uint32Array.from(patterns, (pattern) => pattern << 16).buffer);
    assert.deepEqual(floats, expected);
  });

  it('are served as the smallest datatype that holds them, and refused beyond their range', async (context) => {
    const graphs = [
      { name: 'int4', graph: passes(22, 21) },
      { name: 'uint4', graph: passes(21, 21) },
      { name: 'float8', graph: passes(17, 21) },
    ];
    const { url } = await serveFor(context, { models: graphs });
    const ask = async (model: string, datatype: string, data: readonly number[]) => {
      const inputs = [{ name: 'X', datatype, shape: [data.length], data }];
      const answer = await send(url, { path: `/v2/models/${model}/infer`, body: JSON.stringify({ inputs }) });
      return answer.status === 200
        ? (jsonOf(answer) as Answer).outputs.map((output) => [output.datatype, output.data])
        : `${answer.status} ${answer.body.toString()}`;
    };
    assert.deepEqual(await ask('int4', 'INT8', [-8, 7, 0, -1]), [
      ['INT8', [-8, 7, 0, -1]],
      ['FP32', [-8, 7, 0, -1]],
    ]);
    assert.match(String(await ask('int4', 'INT8', [0, 8])), /^400 .*is 8: expected -8 to 7/);
    assert.deepEqual(await ask('uint4', 'UINT8', [0, 15, 8]), [
      ['UINT8', [0, 15, 8]],
      ['FP32', [0, 15, 8]],
    ]);
    assert.match(String(await ask('uint4', 'UINT8', [16])), /^400 .*is 16: expected 0 to 15/);
    assert.deepEqual(await ask('float8', 'FP32', [448, -0.5, 0, 0.015625]), [
      ['FP32', [448, -0.5, 0, 0.015625]],
      ['FP32', [448, -0.5, 0, 0.015625]],
    ]);
  });
});

describe('outputs that are no tensors', () => {
  it('are given as tensors where a sequence is put together at the end', async (context) => {
    const graph: Graph = {
      name: 'sequence',
      inputs: [{ name: 'X', datatype: 'FP32', shape: [null, 2] }],
      outputs: [{ name: 'S', type: { kind: 'sequence', of: tensorOf(1, -1, 2) } }],
      nodes: [
        { op: 'Neg', inputs: ['X'], outputs: ['A'] },
        { op: 'Abs', inputs: ['X'], outputs: ['B'] },
        { op: 'SequenceConstruct', inputs: ['A', 'B', 'A'], outputs: ['S'] },
      ],
    };
    const { url } = await serveFor(context, { models: [{ name: 'm', graph }] });
    const inputs = [{ name: 'X', datatype: 'FP32', shape: [1, 2], data: [1, -2] }];
    const { outputs } = jsonOf(
      await send(url, { path: '/v2/models/m/infer', body: JSON.stringify({ inputs }) }),
    ) as Answer;
    assert.deepEqual(
      outputs.map(({ name, data }) => [name, data]),
      [
        ['S_0', [-1, 2]],
        ['S_1', [1, 2]],
        ['S_2', [-1, 2]],
      ],
    );
  });
});

describe('an input that may be absent', () => {
  it('is taken as the tensor that it may be, and the notes say that every request gives it', async (context) => {
    const graph: Graph = {
      name: 'optional',
      inputs: [{ name: 'X', type: { kind: 'optional', of: tensorOf(1, -1, 2) } }],
      outputs: [
        { name: 'H', datatype: 'BOOL', shape: [] },
        { name: 'Y', datatype: 'FP32', shape: [null, 2] },
      ],
      nodes: [
        { op: 'OptionalHasElement', inputs: ['X'], outputs: ['H'] },
        { op: 'OptionalGetElement', inputs: ['X'], outputs: ['V'] },
        { op: 'Neg', inputs: ['V'], outputs: ['Y'] },
      ],
      opsets: { '': 18 },
    };
    const { url } = await serveFor(context, { models: [{ name: 'm', graph }] });
    const metadata = await send(url, { path: '/v2/models/m' });
    assert.deepEqual((jsonOf(metadata) as ModelMetadata).inputs, [{ name: 'X', datatype: 'FP32', shape: [-1, 2] }]);
    assert.match(metadata.body.toString(), /input 'X' may be absent in the file.*every request must give it/i);
    const ask = (inputs: readonly unknown[]) =>
      send(url, { path: '/v2/models/m/infer', body: JSON.stringify({ inputs }) });
    for (const data of [[1, -2], [], [0, 2 ** 127, -0.5, -1]]) {
      const input = { name: 'X', datatype: 'FP32', shape: [data.length / 2, 2], data };
      const { outputs } = jsonOf(await ask([input])) as Answer;
      assert.deepEqual(
        outputs.map((output) => [output.shape, output.data]),
        [
          [[], [true]],
          [[data.length / 2, 2], data.map((value) => -value)],
        ],
      );
    }
    assert.equal((await ask([])).status, 400);
  });
});
