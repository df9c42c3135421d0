import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { createRandom } from '../../../src/tensor/random.js';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { jsonOf, send, type Answer } from '../../support/http.js';
import { channelMeans, findsBoxes, identity } from '../../support/models.js';
import { openTestServer, serveFor, type TestServer } from '../../support/server.js';

const batched: Graph = {
  ...channelMeans,
  inputs: [{ name: 'image', datatype: 'FP32', shape: ['batch', 3, 8, 8] }],
  outputs: [{ name: 'scores', datatype: 'FP32', shape: ['batch', 3] }],
};
const random = createRandom(5);
const labels = ['box'];
const boxes = [{ box: [2, 2, 10, 10], index: 0, score: 0.9 }] as const;
const numbers = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const small = { width: 8, height: 8, background: [9, 8, 7], fit: 'contain' };
const models = [
  { name: 'classes', graph: batched, config: { image: { ...numbers, resize: small }, classification: {} } },
  {
    name: 'vectors',
    graph: batched,
    config: { image: { color: 'bgr', resize: small }, embedding: { output: 'scores' } },
  },
  {
    name: 'boxes',
    graph: findsBoxes({ name: 'boxes', labels, boxes, size: [64, 64] }),
    config: {
      image: { resize: { fit: 'contain', background: [114, 114, 114] } },
      detection: { form: 'yolov8', labels },
    },
  },
  {
    name: 'masks',
    graph: identity('FP32', [1, 3, 8, 8]),
    config: { image: { resize: { width: 8, height: 8, fit: 'fill' } }, segmentation: { output: 'Y' } },
  },
  { name: 'tensors', graph: identity('FP32', ['batch', 3]) },
];

/** Pixels of a PNG in base64: its size, and the colour at a place. */
async function read(preview: string) {
  const { data, info } = await sharp(Buffer.from(preview, 'base64')).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  return { size: [info.width, info.height], at };
}

const errorOf = (answer: Answer): string => (jsonOf(answer) as { error: string }).error;

describe('what the model saw', () => {
  let opened: TestServer & { stop(): Promise<void> };
  let [green, pink] = [Buffer.alloc(0), Buffer.alloc(0)];
  const plain = (background: string) =>
    sharp({ create: { width: 40, height: 20, channels: 3, background } })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
  before(async () => {
    opened = await openTestServer({ models });
    [green, pink] = [await plain('#10c020'), await plain('#f060a0')];
  });
  after(() => opened.stop());

  const ask = async (path: string, body: Buffer | string = green): Promise<Record<string, unknown>> => {
    const answer = await send(opened.url, { path: `/predictions/${path}`, body });
    assert.equal(answer.status, 200, answer.body.toString('utf8', 0, 300));
    return jsonOf(answer) as Record<string, unknown>;
  };
  const isNear = (own: readonly number[], expected: readonly number[]) =>
    expected.forEach((value, n) =>
      assert.ok(Math.abs(value - own[n]!) <= 2, `${own.join()} is not ${expected.join()}`),
    );

  for (const [name, member, bar] of [
    ['classes', 'predictions', [9, 8, 7]],
    ['vectors', 'embeddings', [9, 8, 7]],
    ['boxes', 'detections', [114, 114, 114]],
    ['masks', 'segmentation', undefined],
  ] as const)
    it(`stands beside the answer of '${name}', and the answer is the one without it`, async () => {
      const { preview, ...rest } = await ask(`${name}?preview=true`);
      const alone = await ask(name);
      assert.deepEqual({ ...rest, timings: undefined }, { ...alone, timings: undefined });
      assert.ok(member in rest);
      const { size, at } = await read(preview as string);
      const side = name === 'boxes' ? 64 : 8;
      assert.deepEqual(size, [side, side]);
      isNear(at(side / 2, side / 2), [0x10, 0xc0, 0x20]);
      isNear(at(side / 2, 0), bar ?? [0x10, 0xc0, 0x20]);
    });

  it('comes for each of several images, also of JSON and of the protocol’s bodies, and not unless it is asked for', async () => {
    const images = [green, pink].map((file) => file.toString('base64'));
    const data = { name: 'image', datatype: 'BYTES', shape: [2, 1], data: images };
    for (const body of [{ images }, { inputs: [data] }]) {
      const { preview } = await ask('classes?preview=true', JSON.stringify(body));
      const seen = await Promise.all((preview as string[]).map(read));
      isNear(seen[0]!.at(4, 4), [0x10, 0xc0, 0x20]);
      isNear(seen[1]!.at(4, 4), [0xf0, 0x60, 0xa0]);
    }
    const { preview } = await ask('classes', JSON.stringify({ image: images[1], preview: true }));
    isNear((await read(preview as string)).at(4, 4), [0xf0, 0x60, 0xa0]);
    assert.equal((await ask('classes?preview=false'))['preview'], undefined);
  });

  it('is refused where no image was sent, or the model takes none', async () => {
    const [values, row] = [new Array<number>(192).fill(0), { datatype: 'FP32', shape: [1, 3, 8, 8] }];
    const body = JSON.stringify({ inputs: [{ name: 'image', ...row, data: values }] });
    const sent = await send(opened.url, { path: '/predictions/classes?preview=true', body });
    assert.match(errorOf(sent), /'preview' shows an image as the model saw it.*was sent tensors/);
    const tensors = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] });
    const none = await send(opened.url, { path: '/predictions/tensors?preview=true', body: tensors });
    assert.match(errorOf(none), /'preview' is for models that take images.*no "image" in its model.json/);
    const wrong = await send(opened.url, { path: '/predictions/classes?preview=png', body: green });
    assert.match(errorOf(wrong), /'preview' is "png": expected true or false/);
  });

  it('counts in the memory of requests before the model runs', async (context) => {
    const side = 400;
    const bytes = Uint8Array.from({ length: side * side * 3 }, () => Math.floor(random() * 256));
    const file = await sharp(bytes, { raw: { width: side, height: side, channels: 3 } })
      .jpeg({ quality: 20 })
      .toBuffer();
    const model = { name: 'pixels', graph: identity('UINT8', [1, 3, side, side]), config: { image: { scale: 1 } } };
    const { url } = await serveFor(context, { models: [model], flags: ['--request-memory', '800000'] });
    const path = '/predictions/pixels';
    const plain = await send(url, { path, body: file });
    assert.equal(plain.status, 200, plain.body.toString('utf8', 0, 300));
    const shown = await send(url, { path: `${path}?preview=true`, body: file });
    assert.equal(shown.status, 413, shown.body.toString('utf8', 0, 300));
  });
});
