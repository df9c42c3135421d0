import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { jsonOf, send } from '../../support/http.js';
import { openTestServer, type TestServer } from '../../support/server.js';

/** The means of red, green and blue, of as many images a run as the file says. */
const means = (rows: number | string, layout: 'NCHW' | 'NHWC' = 'NCHW'): Graph => ({
  name: 'means',
  inputs: [{ name: 'image', datatype: 'FP32', shape: layout === 'NCHW' ? [rows, 3, 8, 8] : [rows, 8, 8, 3] }],
  outputs: [{ name: 'scores', datatype: 'FP32', shape: [rows, 3] }],
  nodes: [
    {
      op: 'ReduceMean',
      inputs: ['image'],
      outputs: ['scores'],
      attributes: { axes: layout === 'NCHW' ? [2, 3] : [1, 2], keepdims: 0 },
    },
  ],
});
/** One box an image, [0, 0, 8, 4], whose classes are the means of its colours. */
const boxes = (rows: number): Graph => ({
  name: 'boxes',
  inputs: [{ name: 'image', datatype: 'FP32', shape: [rows, 3, 8, 8] }],
  outputs: [{ name: 'found', datatype: 'FP32', shape: [rows, 7, 1] }],
  nodes: [
    { op: 'ReduceMean', inputs: ['image'], outputs: ['means'], attributes: { axes: [2, 3], keepdims: 0 } },
    { op: 'Reshape', inputs: ['means', 'shape'], outputs: ['scores'] },
    { op: 'Concat', inputs: ['places', 'scores'], outputs: ['found'], attributes: { axis: 1 } },
  ],
  initializers: [
    { name: 'shape', datatype: 'INT64', shape: [3], data: BigInt64Array.of(BigInt(rows), 3n, 1n) },
    {
      name: 'places',
      datatype: 'FP32',
      shape: [rows, 4, 1],
      data: Float32Array.from({ length: rows * 4 }, (_, n) => [4, 2, 8, 4][n % 4]!),
    },
  ],
});
const pixels = (rows: number): Graph => ({
  name: 'pixels',
  inputs: [{ name: 'image', datatype: 'FP32', shape: [rows, 3, 8, 8] }],
  outputs: [{ name: 'scores', datatype: 'FP32', shape: [rows, 3, 8, 8] }],
  nodes: [{ op: 'Identity', inputs: ['image'], outputs: ['scores'] }],
});
/** One answer for four frames of a film. */
const film: Graph = {
  ...means(4),
  outputs: [{ name: 'scores', datatype: 'FP32', shape: [1, 3] }],
  nodes: [
    { op: 'ReduceMean', inputs: ['image'], outputs: ['all'], attributes: { axes: [0, 2, 3], keepdims: 0 } },
    { op: 'Unsqueeze', inputs: ['all', 'first'], outputs: ['scores'] },
  ],
  initializers: [{ name: 'first', datatype: 'INT64', shape: [1], data: BigInt64Array.of(0n) }],
};

const labels = ['red', 'green', 'blue'];
const image = { resize: { width: 8, height: 8, fit: 'fill' } };
const classes = { image, classification: { labels, activation: 'none', top: 1 } };
const models = [
  { name: 'open', graph: means('batch'), config: classes },
  { name: 'open-last', graph: means('batch', 'NHWC'), config: classes },
  { name: 'four', graph: means(4), config: classes },
  { name: 'last', graph: means(3, 'NHWC'), config: classes },
  { name: 'vectors', graph: means(4), config: { image, embedding: { output: 'scores', normalize: false } } },
  { name: 'boxes', graph: boxes(4), config: { image, detection: { form: 'yolov8', labels } } },
  { name: 'masks', graph: pixels(4), config: { image, segmentation: { output: 'scores', labels } } },
  { name: 'film', graph: film, config: classes },
  { name: 'raw', graph: means(4), config: { image } },
];
/** Strongest in red, green, blue, green, red and so on, each of another strength and size. */
const order = [0, 1, 2, 1, 0, 2, 2, 1, 0];

type Entry = Readonly<Record<string, unknown>>;
interface Body {
  readonly predictions?: readonly (readonly { readonly label: string; readonly probability: number }[])[];
  readonly embeddings?: readonly (readonly number[])[];
  readonly detections?: readonly (readonly { readonly label: string; readonly box: readonly number[] }[])[];
  readonly segmentation?: readonly { readonly width: number; readonly classes: readonly Entry[] }[];
  readonly outputs?: readonly (Entry | readonly Entry[])[];
  readonly preview?: readonly string[];
}

describe('a model whose file fixes several images a run', () => {
  let opened: TestServer & { stop(): Promise<void> };
  const files: Record<'png' | 'jpeg', Buffer[]> = { png: [], jpeg: [] };
  before(async () => {
    opened = await openTestServer({ models });
    for (const [n, at] of order.entries()) {
      const background = { r: 10, g: 10, b: 10, ...{ [['r', 'g', 'b'][at]!]: 250 - n * 20 } };
      const drawn = sharp({ create: { width: 16 + n, height: 12, channels: 3, background } });
      files.png.push(await drawn.clone().png().toBuffer());
      files.jpeg.push(await drawn.clone().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer());
    }
  });
  after(() => opened.stop());

  const ask = async (path: string, images: readonly Buffer[]): Promise<Body> => {
    const form = new FormData();
    for (const [n, file] of images.entries()) form.append('image', new Blob([new Uint8Array(file)]), `${n}`);
    const answer = await fetch(`${opened.url}/predictions/${path}`, { method: 'POST', body: form });
    const body = await answer.text();
    assert.equal(answer.status, 200, body.slice(0, 300));
    return JSON.parse(body) as Body;
  };
  const listOf = <T>(given: T | readonly T[]): readonly T[] => (Array.isArray(given) ? given : [given as T]);

  for (const format of ['png', 'jpeg'] as const) {
    for (const count of [2, 3, 4, 5, 7, 8, 9]) {
      it(`answers ${count} images (${format}) as a model with an open number of rows does`, async () => {
        const images = files[format].slice(0, count);
        const wanted = order.slice(0, count).map((at) => labels[at]);
        for (const [open, fixed] of [
          ['open', 'four'],
          ['open-last', 'last'],
        ] as const) {
          const expected = (await ask(open, images)).predictions;
          assert.deepEqual(
            expected?.map(([best]) => best?.label),
            wanted,
          );
          assert.deepEqual((await ask(fixed, images)).predictions, expected);
        }
      });
    }
  }

  it('answers one image as an answer, not as a list', async () => {
    const body = files.png[2]!;
    const [own, open] = await Promise.all(
      ['four', 'open'].map(
        async (name) => jsonOf(await send(opened.url, { path: `/predictions/${name}`, body })) as Body,
      ),
    );
    assert.deepEqual(own?.predictions, open?.predictions);
  });

  it('has as many vectors, lists of boxes, masks and previews as images, each its own', async () => {
    for (const count of [2, 5, 8]) {
      const images = files.png.slice(0, count);
      const { embeddings = [], preview = [] } = await ask('vectors?preview=true', images);
      assert.equal(preview.length, count);
      assert.deepEqual(
        embeddings.map((vector) => vector.indexOf(Math.max(...vector))),
        order.slice(0, count),
      );
      embeddings.forEach((vector, n) => assert.ok(Math.abs(Math.max(...vector) - (250 - n * 20) / 255) < 1e-6));
      const { detections = [] } = await ask('boxes', images);
      assert.deepEqual(
        detections.map((found) => found.map(({ label, box }) => [label, box])),
        order.slice(0, count).map((at, n) => [[labels[at], [0, 0, 16 + n, 6]]]),
      );
      const { segmentation = [] } = await ask('masks', images);
      assert.deepEqual(
        segmentation.map(({ width, classes: found }) => [width, ...found.map(({ label }) => label)]),
        order.slice(0, count).map((at, n) => [16 + n, labels[at]]),
      );
    }
  });

  it('answers outputs without the rows that filled a run', async () => {
    const { outputs = [] } = await ask('raw', files.png.slice(0, 5));
    const shapes = outputs.flatMap((run) => listOf(run).map(({ shape, data }) => [shape, (data as number[]).length]));
    assert.deepEqual(shapes, [
      [[4, 3], 12],
      [[1, 3], 3],
    ]);
  });

  it('takes no frames for images that have an answer each', async () => {
    const { status, body } = await send(opened.url, { path: '/predictions/film', body: files.png[0]! });
    assert.equal(status, 400);
    assert.match(body.toString(), /Expected shape \[4,3,8,8\] for input image but 1 image\(s\)/);
  });

  it('says so in a note, and takes tensors and images of the Open Inference Protocol in that number alone', async () => {
    const { notes = [] } = jsonOf(await send(opened.url, { method: 'GET', path: '/v2/models/four' })) as {
      notes?: string[];
    };
    assert.match(notes.join(' '), /fixes 4 images a run/);
    const infer = async (count: number) => {
      const data = files.png.slice(0, count).map((file) => file.toString('base64'));
      const body = JSON.stringify({ inputs: [{ name: 'image', datatype: 'BYTES', shape: [count], data }] });
      return send(opened.url, { path: '/v2/models/four/infer', body });
    };
    assert.equal((await infer(4)).status, 200);
    const refused = await infer(3);
    assert.equal(refused.status, 400);
    assert.match(refused.body.toString(), /Expected shape \[4,3,8,8\] for input image but 3 image\(s\)/);
  });
});
