import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, tensor } from '../../../src/client/index.js';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { toHalfBits } from '../../../src/tensor/half.js';
import type { Datatype } from '../../../src/tensor/datatype.js';
import { jsonOf, send, withBinary } from '../../support/http.js';
import { identity } from '../../support/models.js';
import { openTestServer, type TestServer } from '../../support/server.js';

/** Logits are the input itself, cast, so that every number that is wanted can be asked for. */
function logits(datatype: Datatype, onnxType: number, shape: readonly (number | string)[]): Graph {
  return {
    name: 'logits',
    inputs: [{ name: 'X', datatype: 'FP64', shape }],
    outputs: [{ name: 'Y', datatype, shape }],
    nodes: [{ op: 'Cast', inputs: ['X'], outputs: ['Y'], attributes: { to: onnxType } }],
  };
}

const renamed = (input: string, output: string): Graph => ({
  ...identity('FP32', ['n']),
  inputs: [{ name: input, datatype: 'FP32', shape: ['n'] }],
  outputs: [{ name: output, datatype: 'FP32', shape: ['n'] }],
  nodes: [{ op: 'Identity', inputs: [input], outputs: [output] }],
});

const constant: Graph = {
  name: 'constant',
  inputs: [],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: [2] }],
  nodes: [{ op: 'Identity', inputs: ['c'], outputs: ['Y'] }],
  initializers: [{ name: 'c', datatype: 'FP32', shape: [2], data: Float32Array.of(1.5, -0) }],
};

const names = ['__proto__', 'constructor', 'größe/日本:0', 'n'.repeat(3000)];
const classification = { output: 'Y', activation: 'none', top: 3 };
const labels = { ...classification, labels: 'labels.txt' };
const off = { batching: { maxRows: 0 } };

interface Prediction {
  readonly label?: string;
  readonly index: number;
  readonly probability: number;
}

describe('numbers of every datatype', () => {
  let opened: TestServer & { stop(): Promise<void> };
  before(async () => {
    opened = await openTestServer({
      models: [
        {
          name: 'half',
          graph: logits('FP16', 10, ['n', 3]),
          config: { classification: { ...labels, activation: 'softmax' } },
        },
        { name: 'long', graph: logits('INT64', 7, [3]), config: { classification } },
        { name: 'flags', graph: logits('BOOL', 9, [3]), config: { classification } },
        { name: 'pixels', graph: logits('FP32', 1, ['n', 3, 1, 1]), config: { classification: labels } },
        { name: 'rows', graph: logits('FP32', 1, [2, 3]), config: { classification: labels, ...off } },
        { name: 'map', graph: logits('FP32', 1, ['n', 'c', 'h', 'w']), config: { classification: labels, ...off } },
        { name: 'constant', graph: constant },
        { name: 'float', graph: identity('FP32', ['n']), config: off },
        { name: 'id-half', graph: identity('FP16', ['n']), config: off },
        ...names.map((name, at) => ({ name: `name-${at}`, graph: renamed(name, `${name}'`), config: off })),
        ...names.map((name, at) => ({ name: `out-${at}`, graph: renamed('X', name), config: off })),
      ],
      files: Object.fromEntries(
        ['half', 'pixels', 'rows', 'map'].map((name) => [`${name}/labels.txt`, 'cat\ndog\nfox\n']),
      ),
    });
  });
  after(() => opened.stop());

  const predict = async (path: string, shape: readonly number[], data: string) => {
    const body = `{"inputs":[{"name":"X","datatype":"FP64","shape":[${shape.join(',')}],"data":${data}}]}`;
    return send(opened.url, { path: `/predictions/${path}`, body });
  };
  const predictionsOf = async (...call: Parameters<typeof predict>) => {
    const answer = await predict(...call);
    assert.equal(answer.status, 200, answer.body.toString());
    return (jsonOf(answer) as { predictions: Prediction[] | Prediction[][] }).predictions;
  };

  it('are classified as numbers where they are half floats', async () => {
    const found = (await predictionsOf('half', [1, 3], '[-1.5,1.25,3]')) as Prediction[];
    const sum = Math.exp(-1.5) + Math.exp(1.25) + Math.exp(3);
    assert.deepEqual(
      found.map(({ label }) => label),
      ['fox', 'dog', 'cat'],
    );
    for (const [at, value] of [3, 1.25, -1.5].entries())
      assert.ok(Math.abs((found[at]?.probability ?? 0) - Math.exp(value) / sum) < 1e-12);
    const { outputs } = jsonOf(await predict('half?outputs=true', [1, 3], '[-1.5,0.1,-0.0]')) as {
      outputs: object[];
    };
    assert.deepEqual(outputs, [{ name: 'Y', datatype: 'FP16', shape: [1, 3], data: [-1.5, 0.0999755859375, -0] }]);
  });

  it('are ranked exactly where they are 64-bit integers, and booleans are 0 and 1', async () => {
    // 2^53 and its neighbours in FP64, cast: the largest three differ by 2.
    const { body } = await predict('long', [3], '[9007199254740994,9007199254740996,-9223372036854775808]');
    assert.match(
      body.toString(),
      /"predictions":\[\{"index":1,"probability":9007199254740996\},\{"index":0,"probability":9007199254740994\},\{"index":2,"probability":-9223372036854775808\}\]/,
    );
    const flags = (await predictionsOf('flags', [3], '[0,2,-1]')) as Prediction[];
    assert.deepEqual(
      flags.map(({ index, probability }) => [index, probability]),
      [
        [1, 1],
        [2, 1],
        [0, 0],
      ],
    );
  });

  it('have their classes on the one axis that is not 1, in every row, with batching on and off', async () => {
    const labelsOf = (rows: unknown) => (rows as Prediction[][]).map((row) => row.map(({ label }) => label));
    const wanted = [
      ['dog', 'fox', 'cat'],
      ['cat', 'dog', 'fox'],
    ];
    assert.deepEqual(labelsOf(await predictionsOf('pixels', [2, 3, 1, 1], '[-1,1,0,7,6,5]')), wanted);
    assert.deepEqual(labelsOf(await predictionsOf('rows', [2, 3], '[-1,1,0,7,6,5]')), wanted);
    assert.deepEqual(labelsOf(await predictionsOf('map', [2, 3, 1, 1], '[-1,1,0,7,6,5]')), wanted);
  });

  it('are refused with a sentence where no axis can be told to be the classes', async () => {
    const several = await predict('map', [1, 3, 2, 1], '[1,2,3,4,5,6]');
    assert.equal(several.status, 400);
    assert.match(
      several.body.toString(),
      /output 'Y', whose shape is \[1,3,2,1\] here: expected rows of one class axis/,
    );
    const few = await predict('map', [1, 2, 1, 1], '[1,2]');
    assert.match(few.body.toString(), /2 classes, but 3 labels/);
  });

  it('come from a model without inputs, by every route', async () => {
    for (const body of ['{}', '{"inputs":[]}', '{"inputs":null}']) {
      const answer = await send(opened.url, { path: '/v2/models/constant/infer', body });
      assert.match(answer.body.toString(), /"data":\[1.5,-0\.0\]/);
      const predicted = await send(opened.url, { path: '/predictions/constant', body });
      assert.match(predicted.body.toString(), /"data":\[1.5,-0\.0\]/);
    }
    const binary = withBinary({ parameters: { binary_data_output: true } });
    const { body } = await send(opened.url, { path: '/v2/models/constant/infer', ...binary });
    assert.deepEqual([body.readFloatLE(body.length - 8), body.readFloatLE(body.length - 4)], [1.5, -0]);
    for (const sent of ['{}', '{"inputs":{}}']) {
      const answer = await send(opened.url, { path: '/v1/models/constant:predict', body: sent });
      assert.equal(answer.body.toString(), '{"outputs":[1.5,-0.0]}');
    }
  });

  it('belong to tensors of any name, in every form', async () => {
    const client = await connect({ url: opened.url });
    const values = Float32Array.of(1, -2.5);
    for (const [at, name] of names.entries()) {
      for (const [model, input, output] of [
        [`name-${at}`, name, `${name}'`],
        [`out-${at}`, 'X', name],
      ] as const) {
        for (const form of ['binary', 'json'] as const) {
          const { outputs } = await client.model(model).infer({ [input]: tensor(values) }, { form, outputs: [output] });
          assert.ok(Object.hasOwn(outputs, output), output);
          assert.deepEqual(Object.entries(outputs)[0]?.[1]?.data, values);
        }
        const body = `{"inputs":{${JSON.stringify(input)}:[1,-2.5]}}`;
        const answer = await send(opened.url, { path: `/v1/models/${model}:predict`, body });
        assert.equal(answer.body.toString(), '{"outputs":[1,-2.5]}');
      }
    }
  });

  it('that are not finite come back through tokens by every route, and null is NaN', async () => {
    const values = Float32Array.of(NaN, Infinity, -Infinity, -0, 1);
    const { outputs } = await (
      await connect({ url: opened.url })
    )
      .model('float')
      .infer({ X: tensor(values) }, { form: 'json' });
    assert.deepEqual(outputs['Y']?.data, values);
    const ask = '"parameters":{"non_finite_tokens":true}';
    const inputs = '[{"name":"X","datatype":"FP32","shape":[4],"data":[null,Infinity,-Infinity,-0.0]}]';
    const wanted = /\[NaN,Infinity,-Infinity,-0\.0\]/;
    for (const path of ['/v2/models/float/infer', '/predictions/float']) {
      const answer = await send(opened.url, { path, body: `{${ask},"inputs":${inputs}}` });
      assert.match(answer.body.toString(), wanted);
      const plain = jsonOf(await send(opened.url, { path, body: `{"inputs":${inputs}}` })) as {
        outputs: { data: unknown }[];
      };
      const again = JSON.stringify({ inputs: [{ ...plain.outputs[0], name: 'X' }] });
      assert.match((await send(opened.url, { path, body: again })).body.toString(), /\[null,null,null,0\]/);
    }
    const v1 = { path: '/v1/models/float:predict', body: `{${ask},"inputs":[null,Infinity,-Infinity,-0.0]}` };
    assert.match((await send(opened.url, v1)).body.toString(), wanted);
  });

  it('that are half floats cross as numbers in version 1 and predictions, and as bits in binary', async () => {
    const v1 = await send(opened.url, { path: '/v1/models/id-half:predict', body: '{"inputs":[1,-2.5,0.1]}' });
    assert.equal(v1.body.toString(), '{"outputs":[1,-2.5,0.0999755859375]}');
    const bits = Uint16Array.from([1, -2.5, 0.1, Infinity, NaN], toHalfBits);
    const { outputs } = await (
      await connect({ url: opened.url })
    )
      .model('id-half')
      .infer({ X: tensor(bits, [5], 'FP16') });
    assert.deepEqual(outputs['Y']?.data, bits);
  });
});
