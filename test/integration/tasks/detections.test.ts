import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { connect } from '../../../src/client/index.js';
import { jsonOf, send } from '../../support/http.js';
import { openTestServer, serveFor, type TestServer } from '../../support/server.js';
import { constantModel, drawForms, inputSize, type FormCase } from '../../tasks/detection/forms.js';
import { answerOf, type Found, type Letterbox, type ReferenceOptions } from '../../tasks/detection/reference.js';

const forms = drawForms(20);
const nameOf = ({ name }: FormCase) => name.replaceAll(/[ ,]+/g, '-');
const image = { resize: { width: inputSize, height: inputSize, fit: 'contain' } };

/** 200x100 in 64x64: 64x32, 16 rows of bars above it. */
const wide: Letterbox = { scale: [0.32, 0.32], left: 0, top: 16, image: [200, 100] };
/** Turned by EXIF: 100x200 as it is seen. */
const turned: Letterbox = { scale: [0.32, 0.32], left: 16, top: 0, image: [100, 200] };
const plain = sharp({ create: { width: 200, height: 100, channels: 3, background: '#468' } });

interface Detection extends Found {
  readonly label?: string;
}

describe('detections', () => {
  let opened: TestServer & { stop(): Promise<void> };
  let [wideFile, turnedFile]: Buffer[] = [];
  before(async () => {
    wideFile = await plain.clone().png().toBuffer();
    turnedFile = await plain.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    opened = await openTestServer({
      models: forms.map((form) => ({
        name: nameOf(form),
        graph: constantModel(form.outputs),
        config: { image, detection: { ...form.detection, labels: labelsFor(form) } },
      })),
    });
  });
  after(() => opened.stop());

  const ask = async (form: FormCase, body: Buffer | string, query = ''): Promise<readonly Detection[]> => {
    const answer = await send(opened.url, { path: `/predictions/${nameOf(form)}${query}`, body });
    assert.equal(answer.status, 200, answer.body.toString());
    return (jsonOf(answer) as { detections: readonly Detection[] }).detections;
  };

  for (const form of forms) {
    it(`of ${form.name} are those of the definition, in pixels of the image that was sent`, async () => {
      const defaults = {
        score: ['yolov5', 'yolov8', 'rt-detr', 'end-to-end'].includes(form.detection.form) ? 0.25 : 0.5,
        max: 100,
      };
      const acrossClasses = form.detection.suppress === 'all';
      const common = { acrossClasses, ...(form.isSuppressed ? { iou: 0.45 } : {}) };
      const expect = (letterbox: Letterbox, wish: Partial<ReferenceOptions> = {}) =>
        answerOf(form.all, letterbox, { ...defaults, ...common, ...wish });
      assertSame(await ask(form, wideFile!), expect(wide));
      assertSame(await ask(form, turnedFile!), expect(turned));
      assertSame(await ask(form, wideFile!, '?score=0.6&max=7'), expect(wide, { score: 0.6, max: 7 }));
      assertSame(await ask(form, wideFile!, '?score=0&max=10000'), expect(wide, { score: 0, max: 10_000 }));
      assertSame(await ask(form, wideFile!, '?iou=0.1&max=10000'), expect(wide, { iou: 0.1, max: 10_000 }));
      assertSame(await ask(form, wideFile!, '?iou=1'), expect(wide, { iou: 1 }));
      assert.deepEqual(await ask(form, wideFile!, '?score=1'), []);
    });
  }

  it('come typed from the client', async () => {
    const [form] = forms;
    const client = await connect({ url: opened.url });
    const model = client.model(nameOf(form!));
    const { detections, modelName } = await model.detect(wideFile!, { score: 0.6, max: 2, iou: 0.1 });
    assert.deepEqual(detections, await ask(form!, wideFile!, '?score=0.6&max=2&iou=0.1'));
    assert.equal(detections.length, 2);
    assert.equal(modelName, nameOf(form!));
    await assert.rejects(model.predictImage(wideFile!), {
      code: 'REQUEST_FAILED',
      message:
        /^Model \S+ is not a classifier: its answer has no predictions\. task\(\) of the model says which call fits\.$/,
    });
  });

  it('refuse what is asked of another task, and values that mean nothing, by name', async () => {
    for (const [query, message] of [
      ['?top=2', /'top' is for models of the task classification/],
      ['?score=2', /'score' is "2": expected a number from 0 to 1/],
      ['?iou=x', /'iou' is "x": expected a number from 0 to 1/],
      ['?max=0', /'max' is "0": expected a whole number from 1 to 10000/],
      ['?max=1.5', /'max' is "1.5"/],
      ['?score=', /'score' is ""/],
    ] as const) {
      const answer = await send(opened.url, { path: `/predictions/yolov8${query}`, body: wideFile! });
      assert.equal(answer.status, 400);
      assert.match((jsonOf(answer) as { error: string }).error, message);
    }
  });

  it('come from tensors in pixels of the input, and from JSON and forms with wishes in them', async () => {
    const form = forms.find(({ name }) => name === 'yolov8')!;
    const data = new Array<number>(3 * inputSize * inputSize).fill(0);
    const inputs = [{ name: 'image', datatype: 'FP32', shape: [1, 3, inputSize, inputSize], data }];
    const whole: Letterbox = { scale: [1, 1], left: 0, top: 0, image: [inputSize, inputSize] };
    const wish = { score: 0.5, iou: 0.3, max: 9 };
    assertSame(await ask(form, JSON.stringify({ inputs, ...wish })), answerOf(form.all, whole, wish));
    const json = JSON.stringify({ image: wideFile!.toString('base64'), ...wish });
    assertSame(await ask(form, json), answerOf(form.all, wide, wish));
    const data2 = new FormData();
    for (const file of [wideFile!, turnedFile!]) data2.append('image', new Blob([Uint8Array.from(file)]), 'i');
    for (const [key, value] of Object.entries(wish)) data2.append(key, String(value));
    const answer = await fetch(`${opened.url}/predictions/yolov8`, { method: 'POST', body: data2 });
    const { detections } = (await answer.json()) as { detections: readonly (readonly Detection[])[] };
    assert.equal(detections.length, 2);
    assertSame(detections[0]!, answerOf(form.all, wide, wish));
    assertSame(detections[1]!, answerOf(form.all, turned, wish));
  });

  it('are found in a model as Ultralytics exports it, without a model.json, and the metadata says so', async (context) => {
    const form = forms.find(({ name }) => name === 'yolov8')!;
    const graph = {
      ...constantModel(form.outputs),
      metadata: { task: 'detect', stride: '32', imgsz: '[64, 64]', names: "{0: 'a', 1: 'b', 2: 'c', 3: 'd'}" },
    };
    const { url } = await serveFor(context, { models: [{ name: 'm', graph }] });
    const answer = await send(url, { path: '/predictions/m', body: wideFile! });
    const { detections } = jsonOf(answer) as { detections: readonly Detection[] };
    assertSame(detections, answerOf(form.all, wide, { score: 0.25, iou: 0.45, max: 100 }));
    for (const { label, index } of detections) assert.equal(label, 'abcd'[index]);
    const about = jsonOf(await send(url, { method: 'GET', path: '/v2/models/m' })) as {
      notes: readonly string[];
      properties: { task: string };
    };
    assert.equal(about.properties.task, 'detection');
    assert.match(about.notes.join(), /Found in the model file's metadata \(Ultralytics\): detection of 4 classes/);
  });

  it('come from a model whose input is one image without a row, as torchvision exports its detectors', async (context) => {
    const boxes = [
      [8, 4, 32, 20],
      [40, 16, 60, 64],
      [1, 1, 2, 2],
    ];
    const constant = constantModel({
      boxes: { shape: [3, 4], data: Float32Array.from(boxes.flat()) },
      scores: { shape: [3], data: Float32Array.of(0.9, 0.6, 0.1) },
      labels: { shape: [3], data: Float32Array.of(1, 2, 1) },
    });
    const config = {
      image: { resize: image.resize },
      detection: { form: 'two-stage', labels: ['__background__', 'cat', 'dog'] },
    };
    const modelOf = (name: string, shape: readonly number[]) => {
      return { name, graph: { ...constant, inputs: [{ name: 'image', datatype: 'FP32' as const, shape }] }, config };
    };
    const [first, hwc] = [modelOf('chw', [3, inputSize, inputSize]), modelOf('hwc', [inputSize, inputSize, 3])];
    const { url } = await serveFor(context, { models: [first, hwc] });
    const found = (places: readonly number[][]) => [
      { box: places[0], label: 'cat', index: 1, score: Math.fround(0.9) },
      { box: places[1], label: 'dog', index: 2, score: Math.fround(0.6) },
    ];
    const inWide = found([
      [25, 0, 100, 12.5],
      [125, 0, 187.5, 100],
    ]);
    const inTurned = found([
      [0, 12.5, 50, 62.5],
      [75, 50, 100, 200],
    ]);
    for (const { name } of [first, hwc]) {
      const detect = async (body: Buffer | string) =>
        (jsonOf(await send(url, { path: `/predictions/${name}`, body })) as { detections: unknown }).detections;
      assert.deepEqual(await detect(wideFile!), inWide);
      assert.deepEqual(await detect(turnedFile!), inTurned);
      const images = [wideFile!, turnedFile!].map((file) => file.toString('base64'));
      assert.deepEqual(await detect(JSON.stringify({ images })), [inWide, inTurned]);
      const path = `/predictions/${name}?preview=true`;
      const { preview } = jsonOf(await send(url, { path, body: wideFile! })) as { preview: string };
      const { data, info } = await sharp(Buffer.from(preview, 'base64')).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height], [inputSize, inputSize]);
      assert.deepEqual([...data.subarray(0, 3)], [0, 0, 0]);
      const middle = 3 * (32 * inputSize + 32);
      assert.deepEqual([...data.subarray(middle, middle + 3)], [0x44, 0x66, 0x88]);
    }
  });

  it('bear the label of their class, in a list of which the background may be left out', async () => {
    for (const form of forms) {
      const shift = labelsFor(form).length < 4 && form.detection.background === undefined ? 1 : 0;
      const isFirst = form.detection.form === 'ssd';
      for (const { label, index } of await ask(form, wideFile!))
        assert.equal(label, `class ${index - (isFirst ? shift : 0)}`);
    }
  });
});

/** One label for each class, the background's left out. */
function labelsFor({ detection: { form, background, activation, priors } }: FormCase): readonly string[] {
  const isWithout = (form === 'ssd' && background === undefined) || (form === 'detr' && activation === undefined);
  const classes = priors?.strides === undefined ? 4 : 2;
  return Array.from({ length: classes - (isWithout ? 1 : 0) }, (_, n) => `class ${n}`);
}

function assertSame(actual: readonly Detection[], expected: readonly Found[]): void {
  assert.ok(expected.length > 0);
  assert.deepEqual(
    actual.map(({ index }) => index),
    expected.map(({ index }) => index),
  );
  actual.forEach(({ box, score }, n) => {
    assert.ok(Math.abs(score - expected[n]!.score) < 1e-6, `score ${score} and ${expected[n]!.score}`);
    box.forEach((value, side) =>
      assert.ok(Math.abs(value - expected[n]!.box[side]!) < 1e-3, `${value} and ${expected[n]!.box[side]}`),
    );
  });
}
