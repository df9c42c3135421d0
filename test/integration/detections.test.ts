import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { Graph } from '../../src/model/onnx/writer.js';
import { jsonOf, send } from '../support/http.js';
import { openTestServer, type TestServer } from '../support/server.js';
import { drawForms, inputSize, type FormCase } from '../tasks/detection/forms.js';
import { answerOf, type Found, type Letterbox, type ReferenceOptions } from '../tasks/detection/reference.js';

/** A model that answers the outputs whatever it sees: each is its values plus nought times the image's mean. */
function constantModel({ outputs }: FormCase): Graph {
  const names = Object.keys(outputs);
  return {
    name: 'constant',
    inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 3, inputSize, inputSize] }],
    outputs: names.map((name) => ({ name, datatype: 'FP32', shape: outputs[name]!.shape })),
    nodes: [
      { op: 'ReduceMean', inputs: ['image'], outputs: ['mean'], attributes: { keepdims: 0 } },
      { op: 'Mul', inputs: ['mean', 'nought'], outputs: ['nothing'] },
      ...names.map((name) => ({ op: 'Add', inputs: [`${name}-values`, 'nothing'], outputs: [name] })),
    ],
    initializers: [
      { name: 'nought', datatype: 'FP32', shape: [], data: Float32Array.of(0) },
      ...names.map((name) => ({ name: `${name}-values`, datatype: 'FP32', ...outputs[name]! }) as const),
    ],
  };
}

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
        graph: constantModel(form),
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
        score: ['yolov5', 'yolov8', 'end-to-end'].includes(form.detection.form) ? 0.25 : 0.5,
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
