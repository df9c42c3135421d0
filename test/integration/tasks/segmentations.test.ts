import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { connect } from '../../../src/client/index.js';
import { writeOnnx, type Graph } from '../../../src/model/onnx/writer.js';
import { jsonOf, send } from '../../support/http.js';
import { openTestServer } from '../../support/server.js';

/** The scores of red, green and blue are the channels themselves: the class of a pixel is its strongest colour. */
const strongest = (output: string): Graph => ({
  name: 'strongest',
  inputs: [{ name: 'pixel_values', datatype: 'FP32', shape: ['batch', 3, 4, 4] }],
  outputs: [{ name: output, datatype: 'FP32', shape: ['batch', 3, 4, 4] }],
  nodes: [{ op: 'Identity', inputs: ['pixel_values'], outputs: [output] }],
});
/** The same for one image, without rows. */
const single: Graph = {
  name: 'single',
  inputs: [{ name: 'pixels', datatype: 'FP32', shape: [3, 4, 4] }],
  outputs: [{ name: 'scores', datatype: 'FP32', shape: [3, 4, 4] }],
  nodes: [{ op: 'Identity', inputs: ['pixels'], outputs: ['scores'] }],
};
/** Its first channel as class numbers. */
const numbered: Graph = {
  name: 'numbered',
  inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [4, 4, 3] }],
  outputs: [{ name: 'classes', datatype: 'UINT8', shape: [4, 4] }],
  nodes: [
    { op: 'Slice', inputs: ['pixels', 'zero', 'one', 'two'], outputs: ['red'] },
    { op: 'Squeeze', inputs: ['red', 'two'], outputs: ['classes'] },
  ],
  initializers: [
    { name: 'zero', datatype: 'INT64', shape: [1], data: BigInt64Array.of(0n) },
    { name: 'one', datatype: 'INT64', shape: [1], data: BigInt64Array.of(1n) },
    { name: 'two', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n) },
  ],
};
const config = {
  architectures: ['SegformerForSemanticSegmentation'],
  id2label: { '0': 'red', '1': 'green', '2': 'blue' },
};
const processor = { do_resize: true, size: { width: 4, height: 4 }, resample: 0, do_normalize: false };
const folders: Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>> = {
  colours: {
    'onnx/model.onnx': writeOnnx(strongest('logits')),
    'config.json': JSON.stringify(config),
    'preprocessor_config.json': JSON.stringify(processor),
  },
  other: {
    'model.onnx': writeOnnx(strongest('logits')),
    'config.json': JSON.stringify({ ...config, id2label: { '0': 'one', '1': 'two' } }),
  },
  declared: {
    'model.onnx': writeOnnx(strongest('scores')),
    'model.json': JSON.stringify({
      image: { resize: { width: 4, height: 4, fit: 'contain' }, resample: 'nearest' },
      segmentation: { output: 'scores', labels: 'labels.txt' },
    }),
    'labels.txt': 'r\ng\nb\n',
  },
  single: {
    'model.onnx': writeOnnx(single),
    'model.json': JSON.stringify({ image: { resample: 'nearest' }, segmentation: { labels: ['r', 'g', 'b'] } }),
  },
  numbered: {
    'model.onnx': writeOnnx(numbered),
    'model.json': JSON.stringify({ image: { resample: 'nearest' }, segmentation: {} }),
  },
  wrong: {
    'model.onnx': writeOnnx(strongest('scores')),
    'model.json': JSON.stringify({ segmentation: { output: 'scores', labels: ['r', 'g'] } }),
  },
};

/** A PNG of columns of one colour each, `height` pixels high. */
function columns(colours: readonly (readonly [number, number, number])[], height: number): Promise<Buffer> {
  const data = Buffer.from(Array.from({ length: height }, () => colours).flat(2));
  return sharp(data, { raw: { width: colours.length, height, channels: 3 } })
    .png()
    .toBuffer();
}
const [red, green, blue] = [
  [250, 10, 0],
  [0, 200, 30],
  [9, 0, 200],
] as const;

interface Answer {
  readonly segmentation: {
    readonly width: number;
    readonly height: number;
    readonly classes: readonly object[];
    readonly mask?: string;
  };
}

describe('POST /predictions of a model that tells the class of each pixel', () => {
  let root: string;
  let server: Awaited<ReturnType<typeof openTestServer>>;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'slipway-segments-'));
    for (const [model, files] of Object.entries(folders)) {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(root, model, path)), { recursive: true });
        await writeFile(join(root, model, path), content);
      }
    }
    server = await openTestServer({ folder: root });
  });
  after(async () => {
    await server.stop();
    await rm(root, { recursive: true, force: true });
  });

  const post = async (path: string, body: Buffer | string) => {
    const answer = await send(server.url, { method: 'POST', path: `/predictions/${path}`, body });
    return { status: answer.status, body: jsonOf(answer) as Answer & { readonly error?: string } };
  };

  it('answers a folder of Hugging Face as it is: labels, pixels, shares, and a mask of the size of the image', async () => {
    const image = await columns([red, red, red, red, blue, blue, green, green], 6);
    const { status, body } = await post('colours', image);
    assert.equal(status, 200, JSON.stringify(body));
    const { mask = '', ...found } = body.segmentation;
    assert.deepEqual(found, {
      width: 8,
      height: 6,
      classes: [
        { label: 'red', index: 0, pixels: 24, share: 0.5 },
        { label: 'green', index: 1, pixels: 12, share: 0.25 },
        { label: 'blue', index: 2, pixels: 12, share: 0.25 },
      ],
    });
    const { data, info } = await sharp(Buffer.from(mask, 'base64'))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height], [8, 6]);
    assert.deepEqual([...data.subarray(0, 3)], [0, 0, 0]);
    assert.deepEqual([...data.subarray(12, 15)], [0, 128, 0]);
    assert.deepEqual([...data.subarray(18, 21)], [128, 0, 0]);
  });

  it('answers a model of one image, whose output has no rows either: scores of classes, or their numbers', async () => {
    const { body } = await post('single?mask=runs', await columns([red, red, blue, green], 4));
    assert.deepEqual(
      body.segmentation.classes.map((found) => ({ ...found, runs: undefined })),
      [
        { label: 'r', index: 0, pixels: 8, share: 0.5, runs: undefined },
        { label: 'g', index: 1, pixels: 4, share: 0.25, runs: undefined },
        { label: 'b', index: 2, pixels: 4, share: 0.25, runs: undefined },
      ],
    );
    const classes = await post('numbered?mask=none', await columns([red, blue, blue, green], 4));
    assert.deepEqual(classes.body.segmentation.classes, [
      { index: 0, pixels: 4, share: 0.25 },
      { index: 9, pixels: 8, share: 0.5 },
      { index: 250, pixels: 4, share: 0.25 },
    ]);
  });

  it('undoes bars, answers runs or no mask where that is asked for, and a list for several images', async () => {
    const image = await columns([blue, blue, green, green], 2);
    const { body } = await post('declared?mask=runs', image);
    assert.deepEqual(body.segmentation, {
      width: 4,
      height: 2,
      classes: [
        { label: 'g', index: 1, pixels: 4, share: 0.5, runs: [2, 2, 6, 2] },
        { label: 'b', index: 2, pixels: 4, share: 0.5, runs: [0, 2, 4, 2] },
      ],
    });
    const images = [image.toString('base64'), (await columns([red], 1)).toString('base64')];
    const several = await post('declared', JSON.stringify({ images, mask: 'none' }));
    assert.deepEqual(several.body.segmentation, [
      {
        width: 4,
        height: 2,
        classes: [
          { label: 'g', index: 1, pixels: 4, share: 0.5 },
          { label: 'b', index: 2, pixels: 4, share: 0.5 },
        ],
      },
      { width: 1, height: 1, classes: [{ label: 'r', index: 0, pixels: 1, share: 1 }] },
    ]);
  });

  it('says what was found and from which file, and does not use labels that contradict the model', async () => {
    const about = async (name: string) =>
      (await (await fetch(`${server.url}/v2/models/${name}`)).json()) as {
        readonly notes: readonly string[];
        readonly properties: Readonly<Record<string, string>>;
      };
    const { notes, properties } = await about('colours');
    assert.equal(properties['task'], 'segmentation');
    assert.match(
      notes.join(' '),
      /Found in config\.json: SegformerForSemanticSegmentation, segmentation into 3 classes\./,
    );
    const other = await about('other');
    assert.equal(other.properties['task'], undefined);
    assert.match(other.notes.join(' '), /Found in config\.json, not used: 2 labels, but output 'logits' FP32/);
  });

  it('refuses labels in model.json that do not fit, and options that mean nothing', async () => {
    const image = await columns([red], 1);
    const wrong = await post('wrong', image);
    assert.equal(wrong.status, 404);
    assert.match(
      wrong.body.error ?? '',
      /segmentation\.labels has 2 lines, but output 'scores' FP32 \[-1,3,4,4\] has 3 classes/,
    );
    const bogus = await post('colours?mask=gif', image);
    assert.deepEqual([bogus.status, bogus.body.error], [400, `'mask' is "gif": expected png, runs or none`]);
    assert.match(
      (await post('colours?score=0.5', image)).body.error ?? '',
      /'score' is for models of the task detection/,
    );
  });

  it('is called by the client as segment()', async () => {
    const connection = await connect({ url: server.url });
    const image = await columns([red, red, green, blue], 4);
    const { width, classes, mask, modelName } = await connection.model('colours').segment(image);
    assert.deepEqual(
      [modelName, width, classes.map(({ label, share }) => [label, share])],
      [
        'colours',
        4,
        [
          ['red', 0.5],
          ['green', 0.25],
          ['blue', 0.25],
        ],
      ],
    );
    assert.deepEqual([...mask!.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    const runs = await connection.model('colours').segment(image, { mask: 'runs' });
    assert.equal(runs.mask, undefined);
    assert.deepEqual(runs.classes[1]?.runs, [2, 1, 6, 1, 10, 1, 14, 1]);
  });
});
