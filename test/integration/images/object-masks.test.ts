import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { connect } from '../../../src/client/index.js';
import { createRandom } from '../../../src/tensor/random.js';
import { jsonOf, send } from '../../support/http.js';
import { openTestServer, serveFor, type TestServer } from '../../support/server.js';
import { constantModel, inputSize, type Outputs } from '../../tasks/detection/forms.js';
import { answerOf, around, bestOf, type Found, type Letterbox } from '../../tasks/detection/reference.js';

const [boxes, classes, planes, side] = [80, 3, 5, 16];
const names = "{0: 'a', 1: 'b', 2: 'c'}";
const metadata = { task: 'segment', stride: '32', imgsz: '[64, 64]', names };

interface Drawn {
  readonly all: readonly (Found & { readonly coefficients: readonly number[] })[];
  readonly prototypes: readonly (readonly number[])[];
  readonly outputs: Readonly<Record<'yolov8' | 'yolov5' | 'end-to-end', Outputs>>;
}

const f32 = Math.fround;

/** What a model of Ultralytics' task segment answers, and the same as lists: boxes over the edges, and one within a pixel. */
function draw(seed: number): Drawn {
  const random = createRandom(seed);
  const rows = Array.from({ length: boxes }, (_, n) => {
    const size = n === 0 ? [0.3, 0.3] : [random() * 50 + 1, random() * 50 + 1];
    const box = [random() * 70 - 3, random() * 70 - 3, ...size].map(f32);
    const scores = Array.from({ length: classes }, () => f32(random()));
    const coefficients = Array.from({ length: planes }, () => f32(random() * 4 - 2));
    return { box, scores, coefficients };
  });
  const prototypes = Array.from({ length: planes }, () =>
    Array.from({ length: side * side }, () => f32(random() * 2 - 1)),
  );
  const fields = rows.map(({ box, scores, coefficients }) => [...box, ...scores, ...coefficients]);
  const width = fields[0]!.length;
  const output1 = { shape: [1, planes, side, side], data: Float32Array.from(prototypes.flat()) };
  const of = (shape: readonly number[], data: readonly number[]): Outputs => ({
    output0: { shape, data: Float32Array.from(data) },
    output1,
  });
  const tall = Array.from({ length: width * boxes }, (_, n) => fields[n % boxes]![Math.floor(n / boxes)]!);
  const wide = rows.flatMap(({ box, scores, coefficients }) => [...box, 1, ...scores, ...coefficients]);
  const finished = rows.flatMap(({ box, scores, coefficients }) => {
    const [index, score] = bestOf(scores);
    return [...around(box), score, index, ...coefficients];
  });
  return {
    all: rows.map(({ box, scores, coefficients }) => {
      const [index, score] = bestOf(scores);
      return { box: around(box), index, score, coefficients };
    }),
    prototypes,
    outputs: {
      yolov8: of([1, width, boxes], tall),
      yolov5: of([1, boxes, width + 1], wide),
      'end-to-end': of([1, boxes, 6 + planes], finished),
    },
  };
}

const drawn = draw(11);

/** The pixels of an object by the definition, as numbers row by row over the image. */
function pixelsOf({ box, coefficients }: (typeof drawn.all)[number], { scale, left, top, image }: Letterbox): number[] {
  const [x0, y0, x1, y1] = box as [number, number, number, number];
  const sum = (x: number, y: number) =>
    coefficients.reduce((total, factor, plane) => total + factor * drawn.prototypes[plane]![y * side + x]!, 0);
  const hold = (place: number) => Math.min(Math.max(place, 0), side - 1);
  const found: number[] = [];
  for (let y = 0; y < image[1]; y++) {
    for (let x = 0; x < image[0]; x++) {
      if (x + 0.5 < x0 || x + 0.5 >= x1 || y + 0.5 < y0 || y + 0.5 >= y1) continue;
      const gx = hold((((x + 0.5) * scale[0] + left) / inputSize) * side - 0.5);
      const gy = hold((((y + 0.5) * scale[1] + top) / inputSize) * side - 0.5);
      const [low, high] = [
        [Math.floor(gx), Math.floor(gy)],
        [Math.min(Math.floor(gx) + 1, side - 1), Math.min(Math.floor(gy) + 1, side - 1)],
      ] as const;
      const [u, v] = [gx - low[0], gy - low[1]];
      const value =
        (1 - v) * ((1 - u) * sum(low[0], low[1]) + u * sum(high[0], low[1])) +
        v * ((1 - u) * sum(low[0], high[1]) + u * sum(high[0], high[1]));
      if (value > 0) found.push(y * image[0] + x);
    }
  }
  return found;
}

interface Detection extends Found {
  readonly label: string;
  readonly pixels: number;
  readonly area?: readonly [number, number, number, number];
  readonly mask?: string;
  readonly runs?: readonly number[];
}

const unroll = (runs: readonly number[]): number[] =>
  Array.from({ length: runs.length / 2 }, (_, n) => n).flatMap((n) =>
    Array.from({ length: runs[2 * n + 1]! }, (_, at) => runs[2 * n]! + at),
  );

/** The pixels of a mask that covers a part of an image of a width. */
async function readMask({ mask = '', area }: Detection, width: number): Promise<number[]> {
  const [left, top, right, bottom] = area!;
  const { data, info } = await sharp(Buffer.from(mask, 'base64'))
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height], [right - left, bottom - top]);
  return [...data].flatMap((value, at) => {
    assert.ok(value === 0 || value === 255);
    return value === 0 ? [] : [(top + Math.floor(at / info.width)) * width + left + (at % info.width)];
  });
}

/** 200x100 in 64x64, as it is and turned by EXIF; 40x64, enlarged by nothing. */
const wide: Letterbox = { scale: [0.32, 0.32], left: 0, top: 16, image: [200, 100] };
const turned: Letterbox = { scale: [0.32, 0.32], left: 16, top: 0, image: [100, 200] };
const same: Letterbox = { scale: [1, 1], left: 12, top: 0, image: [40, 64] };
const plain = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#468' } });

describe('objects with masks', () => {
  let opened: TestServer & { stop(): Promise<void> };
  const files: { readonly letterbox: Letterbox; readonly file: Buffer }[] = [];
  before(async () => {
    files.push({ letterbox: wide, file: await plain(200, 100).png().toBuffer() });
    files.push({ letterbox: turned, file: await plain(200, 100).withMetadata({ orientation: 6 }).jpeg().toBuffer() });
    files.push({ letterbox: same, file: await plain(40, 64).png().toBuffer() });
    const models = Object.entries(drawn.outputs).map(([name, outputs]) => ({
      name,
      graph: { ...constantModel(outputs), metadata },
    }));
    opened = await openTestServer({ models });
  });
  after(() => opened.stop());

  const ask = async (path: string, body: Buffer): Promise<readonly Detection[]> => {
    const answer = await send(opened.url, { path: `/predictions/${path}`, body });
    assert.equal(answer.status, 200, answer.body.toString());
    return (jsonOf(answer) as { detections: readonly Detection[] }).detections;
  };

  for (const form of ['yolov8', 'yolov5', 'end-to-end'] as const)
    it(`are found in a model of the task segment in the form ${form}, each with the pixels of the definition, in those of the image that was sent`, async () => {
      const options = { score: 0.25, max: 100, ...(form === 'end-to-end' ? {} : { iou: 0.45 }) };
      for (const { letterbox, file } of files) {
        const expected = answerOf(drawn.all, letterbox, options) as typeof drawn.all;
        assert.ok(expected.length > 10);
        const [masks, runs, none] = await Promise.all(
          ['png', 'runs', 'none'].map((mask) => ask(`${form}?mask=${mask}`, file)),
        );
        assert.deepEqual(await ask(form, file), masks);
        assert.deepEqual([masks!.length, runs!.length, none!.length], Array(3).fill(expected.length));
        for (const [n, object] of expected.entries()) {
          const [own, run] = [masks![n]!, runs![n]!];
          assert.ok(Math.abs(own.score - object.score) < 1e-6);
          assert.equal(own.label, 'abc'[object.index]);
          const pixels = pixelsOf(object, letterbox);
          assert.deepEqual(unroll(run.runs!), pixels, `${form}, object ${n}`);
          assert.deepEqual(await readMask(own, letterbox.image[0]), pixels);
          assert.deepEqual([own.pixels, run.pixels], [pixels.length, pixels.length]);
          assert.deepEqual(Object.keys(none![n]!), ['box', 'label', 'index', 'score']);
        }
      }
    });

  it('are told of in the metadata, with the output that holds the prototypes', async () => {
    const { notes, properties } = jsonOf(await send(opened.url, { path: '/v2/models/yolov8' })) as {
      notes: readonly string[];
      properties: Readonly<Record<string, string>>;
    };
    assert.match(notes.join(), /detection of 3 classes with masks of 5 prototypes, form "yolov8"/);
    assert.deepEqual([properties['task'], properties['detection_masks']], ['detection', 'output1']);
  });

  it('are declared in model.json too; what does not fit is refused by name', async (context) => {
    const graph = constantModel(drawn.outputs.yolov8);
    const image = { resize: { width: 64, height: 64, fit: 'contain', background: 114 } };
    const configOf = (more: object) => ({ image, detection: { form: 'yolov8', labels: ['a', 'b', 'c'], ...more } });
    const models = [
      { name: 'declared', graph, config: configOf({ masks: 'output1' }) },
      { name: 'plain', graph, config: configOf({ labels: Array.from({ length: 8 }, (_, n) => `class ${n}`) }) },
      { name: 'few', graph, config: configOf({ masks: 'output1', labels: ['a', 'b'] }) },
      { name: 'flat', graph, config: configOf({ masks: 'output0' }) },
    ];
    const { url } = await serveFor(context, { models, flags: ['--ready-when', 'some'] });
    const { file } = files[0]!;
    const answer = await send(url, { path: '/predictions/declared', body: file });
    assert.deepEqual((jsonOf(answer) as { detections: unknown }).detections, await ask('yolov8', file));
    const refused = await send(url, { path: '/predictions/plain?mask=runs', body: file });
    assert.match(refused.body.toString(), /'mask' is for models of the task segmentation/);
    const index = jsonOf(await send(url, { method: 'POST', path: '/v2/repository/index', body: '' })) as {
      name: string;
      reason: string;
    }[];
    const reasonOf = (name: string) => index.find((each) => each.name === name)?.reason ?? '';
    assert.match(reasonOf('few'), /2 lines, but .* has 3 classes/);
    assert.match(reasonOf('flat'), /detection\.masks names output 'output0'.*prototypes \[N,M,h,w\]/);
  });

  it('come typed from the client', async () => {
    const { file } = files[0]!;
    const model = (await connect({ url: opened.url })).model('yolov8');
    const { detections } = await model.detect(file, { score: 0.5 });
    const [first] = await ask('yolov8?score=0.5', file);
    const { mask, ...rest } = first!;
    assert.deepEqual({ ...detections[0]! }, { ...rest, mask: new Uint8Array(Buffer.from(mask!, 'base64')) });
    const { detections: inRuns } = await model.detect(file, { mask: 'runs', max: 1 });
    assert.deepEqual(inRuns, await ask('yolov8?mask=runs&max=1', file));
  });

  it('of sums that are no finite numbers fail the request, and too many pixels are refused with what to ask for', async (context) => {
    const { output0, output1 } = drawn.outputs.yolov8 as Record<'output0' | 'output1', Outputs[string]>;
    const broken = { ...output1, data: output1.data.map((value, n) => (n % 7 === 0 ? NaN : value)) };
    const models = [{ name: 'broken', graph: { ...constantModel({ output0, output1: broken }), metadata } }];
    const { url } = await serveFor(context, { models });
    const failed = await send(url, { path: '/predictions/broken', body: files[0]!.file });
    assert.equal(failed.status, 400);
    assert.match(failed.body.toString(), /mask that holds NaN: expected finite numbers/);
    assert.equal((await send(url, { path: '/predictions/broken?mask=none', body: files[0]!.file })).status, 200);
    const large = await plain(8000, 6000).png().toBuffer();
    const refused = await send(opened.url, { path: '/predictions/yolov8?score=0&iou=1', body: large });
    assert.equal(refused.status, 400);
    assert.match(refused.body.toString(), /too much for one answer: ask for fewer with \?score= or \?max=/);
  });
});
