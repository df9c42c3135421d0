import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { jsonOf, send, withBinary, type Answer } from '../../support/http.js';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { sumAndDifference } from '../../support/models.js';
import { openTestServer, type TestServer } from '../../support/server.js';

/** Two logits of an image of 2x2 gray pixels: the sum of the left column, and of the right one. */
const sides: Graph = {
  name: 'sides',
  inputs: [{ name: 'image', datatype: 'FP32', shape: ['batch', 1, 2, 2] }],
  outputs: [{ name: 'logits', datatype: 'FP32', shape: ['batch', 2] }],
  nodes: [
    { op: 'Flatten', inputs: ['image'], outputs: ['flat'] },
    { op: 'MatMul', inputs: ['flat', 'W'], outputs: ['logits'] },
  ],
  initializers: [{ name: 'W', datatype: 'FP32', shape: [4, 2], data: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1) }],
};

const config = {
  batching: { maxRows: 2 },
  image: {
    input: 'image',
    resize: { width: 2, height: 2, fit: 'fill' },
    color: 'gray',
    layout: 'NCHW',
    scale: 1 / 255,
  },
  classification: { output: 'logits', activation: 'softmax', labels: 'labels.txt', top: 2 },
};

const pixels = (...values: readonly number[]) =>
  sharp(Buffer.from(values), { raw: { width: 2, height: 2, channels: 1 } });
const left = await pixels(255, 0, 255, 0).png().toBuffer();
const right = await pixels(0, 255, 0, 255).webp({ lossless: true }).toBuffer();
/** Softmax of the logits [2, 0]. */
const certain = Math.exp(2) / (Math.exp(2) + 1);

interface Prediction {
  readonly label: string;
  readonly index: number;
  readonly probability: number;
}

describe('predictions', () => {
  let opened: TestServer & { stop(): Promise<void> };
  before(async () => {
    opened = await openTestServer({
      models: [
        { name: 'sides', graph: sides, config },
        { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } },
      ],
      files: { 'sides/labels.txt': 'left\nright\n' },
    });
  });
  after(() => opened.stop());

  const path = '/predictions/sides';
  const ask = (rest: object) => send(opened.url, { path, ...rest });
  const labelsOf = (answer: Answer): unknown => {
    assert.equal(answer.status, 200, answer.body.toString());
    const { predictions } = jsonOf(answer) as { predictions: (Prediction | Prediction[])[] };
    return predictions.map((each) => (Array.isArray(each) ? each.map(({ label }) => label) : each.label));
  };

  it('takes an image as it is, whatever its Content-Type says', async () => {
    for (const headers of [
      {},
      { 'content-type': 'image/png' },
      { 'content-type': 'application/json' },
      { 'content-type': 'nonsense' },
    ]) {
      const answer = await ask({ body: left, headers });
      assert.deepEqual(labelsOf(answer), ['left', 'right']);
      assert.equal(answer.headers['x-inference-device'], 'cpu');
    }
  });

  it('answers model, version, device, probabilities that sum to one, and timings', async () => {
    const body = jsonOf(await ask({ body: right })) as {
      predictions: Prediction[];
      timings: Record<string, number>;
    } & Record<string, unknown>;
    assert.deepEqual([body['model_name'], body['model_version'], body['device']], ['sides', '1', 'cpu']);
    const [best, other] = body.predictions;
    assert.deepEqual([best?.label, best?.index], ['right', 1]);
    assert.ok(Math.abs((best?.probability ?? 0) - certain) < 1e-6);
    assert.ok(Math.abs((best?.probability ?? 0) + (other?.probability ?? 0) - 1) < 1e-12);
    assert.deepEqual(Object.keys(body.timings), ['decode_ms', 'queue_ms', 'compute_ms']);
  });

  it('takes JSON with one image, several, or a data URL; several give a list each, in their order', async () => {
    const base64 = left.toString('base64');
    assert.deepEqual(labelsOf(await ask({ body: JSON.stringify({ image: base64 }) })), ['left', 'right']);
    assert.deepEqual(labelsOf(await ask({ body: JSON.stringify({ image: `data:image/png;base64,${base64}` }) })), [
      'left',
      'right',
    ]);
    const images = [left, right, left, right, right].map((image) => image.toString('base64'));
    assert.deepEqual(labelsOf(await ask({ body: JSON.stringify({ images, top: 1 }) })), [
      ['left'],
      ['right'],
      ['left'],
      ['right'],
      ['right'],
    ]);
  });

  it('takes a form with one or more files', async () => {
    const form = (...images: readonly Buffer[]) => {
      const data = new FormData();
      for (const image of images) data.append('image', new Blob([Uint8Array.from(image)]), 'p');
      data.append('top', '1');
      return fetch(`${opened.url}${path}`, { method: 'POST', body: data }).then((response) => response.json());
    };
    const labels = (body: unknown) =>
      (body as { predictions: (Prediction | Prediction[])[] }).predictions.map((each) =>
        Array.isArray(each) ? each[0]?.label : each.label,
      );
    assert.deepEqual(labels(await form(right)), ['right']);
    assert.deepEqual(labels(await form(left, right, left)), ['left', 'right', 'left']);
  });

  it('takes tensors, and images as BYTES inside a request of the protocol, in JSON and binary', async () => {
    const tensor = { name: 'image', datatype: 'FP32', shape: [1, 1, 2, 2], data: [0, 1, 0, 1] };
    assert.deepEqual(labelsOf(await ask({ body: JSON.stringify({ inputs: [tensor] }) })), ['right', 'left']);
    const texts = {
      name: 'image',
      datatype: 'BYTES',
      shape: [2],
      data: [left, right].map((image) => image.toString('base64')),
    };
    assert.deepEqual(labelsOf(await ask({ body: JSON.stringify({ inputs: [texts] }) })), [
      ['left', 'right'],
      ['right', 'left'],
    ]);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(left.length);
    const binary = {
      name: 'image',
      datatype: 'BYTES',
      shape: [1, 1],
      parameters: { binary_data_size: left.length + 4 },
    };
    const call = withBinary({ inputs: [binary] }, size, left);
    const inferred = await send(opened.url, { path: '/v2/models/sides/infer', ...call });
    assert.deepEqual((jsonOf(inferred) as { outputs: { data: number[] }[] }).outputs[0]?.data, [2, 0]);
  });

  it('cuts to top, and answers the outputs too where asked', async () => {
    for (const value of ['yes', '', 'true&outputs=false']) {
      const wrong = await send(opened.url, { path: `${path}?outputs=${value}`, body: left });
      assert.equal(wrong.status, 400);
      assert.match(wrong.body.toString(), /'outputs' is .*: expected true or false/);
    }
    const answer = await send(opened.url, { path: `${path}?top=1&outputs=true`, body: left });
    assert.deepEqual(labelsOf(answer), ['left']);
    const { outputs } = jsonOf(answer) as { outputs: { name: string; data: number[] }[] };
    assert.deepEqual(
      outputs.map(({ name, data }) => [name, data]),
      [['logits', [2, 0]]],
    );
  });

  it('answers outputs where the model declares no classification', async () => {
    const data = Array.from({ length: 16 }, () => 1);
    const inputs = ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: [1, 16], data }));
    const body = jsonOf(await send(opened.url, { path: '/predictions/m', body: JSON.stringify({ inputs }) })) as Record<
      string,
      unknown
    >;
    assert.equal(body['predictions'], undefined);
    assert.equal((body['outputs'] as unknown[]).length, 2);
  });

  it('refuses what is no image, no form, no top, and models that take none, with a sentence', async () => {
    const cases: readonly (readonly [call: Parameters<typeof send>[1], text: RegExp])[] = [
      [{ path, body: 'hello' }, /image/i],
      [{ path, body: '' }, /no body/],
      [{ path, body: '{}' }, /exactly one of "image", "images", "text" and "inputs"/],
      [{ path, body: '{"images":[]}' }, /one or more/],
      [{ path, body: '{"image":"","scroe":0.5}' }, /"scroe" is no member of this body: expected .*"score"/],
      [{ path, body: '{"threshold":{"a":[1]},"images":["a"]}' }, /"threshold" is no member of this body/],
      [{ path, body: '{"image":"","id":"7","parameters":{},"outputs":[],"scroe":null}' }, /The image/],
      [{ path, body: '{"image"' }, /begins like JSON/],
      [{ path: `${path}?top=0`, body: left }, /'top' is "0"/],
      [{ path, body: 'x', headers: { 'content-type': 'multipart/form-data; boundary=b' } }, /multipart|form/],
      [{ path: '/predictions/m', body: left }, /takes no images/],
    ];
    for (const [call, text] of cases) {
      const answer = await send(opened.url, call);
      assert.equal(answer.status, 400, answer.body.toString());
      assert.match((jsonOf(answer) as { error: string }).error, text);
    }
    assert.equal((await send(opened.url, { path: '/predictions/x', body: left })).status, 404);
  });

  it('answers the version 1 protocols: rows, columns, models, state and metadata', async () => {
    const rows = await send(opened.url, {
      path: '/v1/models/sides:predict',
      body: JSON.stringify({
        instances: [
          [
            [
              [1, 0],
              [1, 0],
            ],
          ],
        ],
      }),
    });
    assert.deepEqual(jsonOf(rows), { predictions: [[2, 0]] });
    const columns = await send(opened.url, {
      path: '/v1/models/sides/versions/1:predict',
      body: JSON.stringify({
        inputs: [
          [
            [
              [0, 1],
              [0, 1],
            ],
          ],
        ],
      }),
    });
    assert.deepEqual(jsonOf(columns), { outputs: [[0, 2]] });
    const { models } = jsonOf(await send(opened.url, { path: '/v1/models' })) as { models: string[] };
    assert.deepEqual(models, ['m', 'sides']);
    const state = jsonOf(await send(opened.url, { path: '/v1/models/sides' })) as { ready: boolean };
    assert.equal(state.ready, true);
    const missing = await send(opened.url, { path: '/v1/models/x' });
    assert.equal(missing.status, 404);
    assert.match((jsonOf(missing) as { error: string }).error, /Servable not found for request: Latest\(x\)/);
    assert.equal((await send(opened.url, { path: '/v1/models/sides:classify', body: '{}' })).status, 404);
    assert.equal((await send(opened.url, { path: '/v1/models/sides', body: '{}' })).status, 405);
    const root = await send(opened.url, { path: '/', headers: { accept: 'application/json' } });
    assert.deepEqual(jsonOf(root), { status: 'alive' });
  });
});
