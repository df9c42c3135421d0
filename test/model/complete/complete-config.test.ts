import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkLabels } from '../../../src/model/complete/complete-classification.js';
import { completeConfig } from '../../../src/model/complete/complete-config.js';
import type { ModelJson } from '../../../src/model/config-schema.js';
import type { HeaderValue, OnnxHeader } from '../../../src/model/config.js';
import { parseLabels, readLabels } from '../../../src/model/labels.js';
import { headerOf, value, type Dim } from '../headers.js';

const imageHeader = (dims: readonly Dim[], datatype?: HeaderValue['datatype']) =>
  headerOf([value('image', dims, datatype)], [value('logits', [dims[0]!, 10])]);
const batching = (header: OnnxHeader, json: ModelJson['batching'] = {}, provider: 'cpu' | 'cuda' = 'cpu') =>
  completeConfig({ batching: json }, header, provider).batching;
const image = (header: OnnxHeader, json: ModelJson['image']) => completeConfig({ image: json }, header, 'cpu').image;

describe('completeConfig', () => {
  const named: OnnxHeader = {
    ...headerOf([value('A', ['n', 4]), value('B', ['n'])], [value('Y', ['n', 2])]),
    rows: { proven: true },
  };

  it('fills in every default', () => {
    const { batching, ...rest } = completeConfig({}, named, 'cpu');
    assert.deepEqual(batching, {
      maxRows: 32,
      isRequestLimit: false,
      maxDelayMs: 0,
      buckets: [],
      maxQueueRows: 1024,
      maxQueueMs: 2000,
      queueTimeoutMs: 0,
    });
    assert.deepEqual(rest, {
      description: '',
      versions: 'latest',
      instances: { cpu: 'auto', gpu: 1, perGpu: 'auto' },
      warmup: true,
      execution: { providers: [], requireGpu: false },
    });
  });

  it('batches by itself only where the graph is proven to keep rows apart, whatever the names of dimensions', () => {
    const otherNames = headerOf([value('X', ['n', 3])], [value('Y', ['m'])]);
    const maxRows = (header: OnnxHeader) => batching(header).maxRows;
    assert.deepEqual([maxRows(named), maxRows({ ...otherNames, rows: { proven: true } })], [32, 32]);
    const { rows, ...notFollowed } = named;
    assert.deepEqual([rows, maxRows(notFollowed)], [{ proven: true }, 0]);
    assert.equal(maxRows({ ...named, rows: { proven: false, reason: 'rows meet' } }), 0);
  });

  it('gives a GPU buckets of powers of two up to the most rows', () => {
    assert.deepEqual(batching(named, {}, 'cuda').buckets, [1, 2, 4, 8, 16, 32]);
    assert.deepEqual(batching(named, { maxRows: 6 }, 'cuda').buckets, [1, 2, 4, 6]);
    assert.deepEqual(batching(named, { maxRows: 0 }, 'cuda').buckets, []);
  });

  it('takes the most rows from the last bucket, and lets the queue hold one run at least', () => {
    assert.equal(batching(named, { buckets: [2, 8] }).maxRows, 8);
    assert.equal(batching(named, { maxRows: 5000 }).maxQueueRows, 5000);
  });

  it('limits the time that is queued unless model.json limits the rows', () => {
    assert.equal(batching(named, { maxRows: 4 }).maxQueueMs, 2000);
    assert.equal(batching(named, { maxQueueRows: 90 }).maxQueueMs, 0);
    assert.equal(batching(named, { maxQueueRows: 90, maxQueueMs: 500 }).maxQueueMs, 500);
    assert.equal(batching(named, { maxQueueMs: 0 }).maxQueueMs, 0);
  });

  it('refuses batching that the model or itself contradicts', () => {
    const fixed = imageHeader([1, 3, 8, 8]);
    const refused = (header: OnnxHeader, json: ModelJson['batching'], message: string) =>
      assert.throws(() => batching(header, json), { code: 'MODEL_INVALID', message });
    refused(
      fixed,
      { maxRows: 8 },
      "model.json does not fit the model: batching asks for up to 8 rows per run, but input 'image' FP32 [1,3,8,8] has no variable first dimension. Export the model with a variable batch dimension, or set batching.maxRows to 0.",
    );
    refused(
      headerOf([value('X', ['n'])], [value('Y', [3])]),
      { maxRows: 8 },
      "model.json does not fit the model: batching asks for up to 8 rows per run, but output 'Y' FP32 [3] has no variable first dimension. Export the model with a variable batch dimension, or set batching.maxRows to 0.",
    );
    refused(
      named,
      { maxRows: 8, buckets: [4, 2, 8] },
      'model.json does not fit the model: batching.buckets is [4, 2, 8] and batching.maxRows 8. Expected ascending row counts, the last one equal to maxRows.',
    );
    refused(
      named,
      { maxRows: 8, maxQueueRows: 4 },
      'model.json does not fit the model: batching.maxQueueRows is 4, less than the 8 rows of one run. Set it to 8 or more.',
    );
  });

  it('reads size, layout and colour of images from the declared shape', () => {
    const pick = (header: OnnxHeader) => {
      const { layout, color, resize, scale } = image(header, {})!;
      return [layout, color, resize.width, resize.height, scale];
    };
    assert.deepEqual(pick(imageHeader([1, 3, 480, 640])), ['NCHW', 'rgb', 640, 480, 1 / 255]);
    assert.deepEqual(pick(imageHeader([null, 28, 28, 1])), ['NHWC', 'gray', 28, 28, 1 / 255]);
    assert.deepEqual(pick(imageHeader(['n', 224, 224, 3], 'UINT8')), ['NHWC', 'rgb', 224, 224, 1]);
  });

  it('sizes an image by model.json where the model leaves it open', () => {
    const open = imageHeader([null, 3, null, null]);
    assert.deepEqual(image(open, { resize: { width: 64, height: 32, fit: 'fill' }, mean: [0.5] }), {
      input: 'image',
      resize: { width: 64, height: 32, fit: 'fill', background: [0] },
      color: 'rgb',
      layout: 'NCHW',
      scale: 1 / 255,
      mean: [0.5],
      std: [1],
      invert: false,
    });
    assert.deepEqual(
      image(imageHeader([1, 3, 8, 8]), { resize: { width: 9, height: 9 }, crop: { width: 8, height: 8 } })?.crop,
      {
        width: 8,
        height: 8,
      },
    );
    assert.equal(image(open, { crop: { width: 8, height: 8 } })?.resize.width, 8);
  });

  const fixed = imageHeader([1, 3, 8, 8]);
  const imageRefusals: readonly (readonly [OnnxHeader, NonNullable<ModelJson['image']>, string])[] = [
    [fixed, { input: 'x' }, "image.input is 'x', but the model has no such input. Expected one of 'image'."],
    [named, {}, "image.input is missing and the model has 2 inputs. Expected one of 'A', 'B'."],
    [
      named,
      { input: 'A' },
      "input 'A' FP32 [-1,4] cannot take an image. Expected an input of numbers with 4 dimensions (NCHW or NHWC), or with 3 of which the first is fixed.",
    ],
    [
      fixed,
      { color: 'gray' },
      `image.color "gray" has 1 channels, but input 'image' FP32 [1,3,8,8] takes 3 in the layout NCHW. Set image.color or image.layout to what the model was trained with.`,
    ],
    [imageHeader([1, 1, 8, 8]), { mean: [1, 2, 3] }, 'image.mean has 3 values for 1 channel(s). Give one value, or 1.'],
    [
      fixed,
      { resize: { width: 9, height: 8 } },
      "image.resize makes 9x8 (width x height), but input 'image' FP32 [1,3,8,8] takes 8x8 in the layout NCHW. Set image.resize to the model's size.",
    ],
    [
      fixed,
      { crop: { width: 4, height: 4 } },
      "image.crop makes 4x4 (width x height), but input 'image' FP32 [1,3,8,8] takes 8x8 in the layout NCHW. Set image.crop to the model's size.",
    ],
    [
      fixed,
      { resize: { fit: 'inside' } },
      `image.resize.fit "inside" gives images of various sizes, but input 'image' FP32 [1,3,8,8] takes one size. Use fit "cover", "contain" or "fill", or add image.crop.`,
    ],
    [
      fixed,
      { resize: { width: 4, height: 4 }, crop: { width: 8, height: 8 } },
      'image.crop 8x8 may not lie within image.resize 4x4 with fit "cover". Resize to at least the size of the crop, with fit "cover", "contain", "fill" or "outside".',
    ],
    [
      imageHeader([1, 3, null, 8]),
      {},
      "image.resize.height is missing and input 'image' FP32 [1,3,-1,8] has a variable height. Set image.resize.height in pixels.",
    ],
  ];
  for (const [header, json, message] of imageRefusals) {
    it(`refuses the image block ${JSON.stringify(json)} where ${message.split('.')[0]}`, () => {
      assert.throws(() => image(header, json), {
        code: 'MODEL_INVALID',
        message: `model.json does not fit the model: ${message}`,
      });
    });
  }

  it('completes a classification and refuses outputs that do not exist or hold texts', () => {
    const complete = (header: OnnxHeader, json: ModelJson['classification']) =>
      completeConfig({ classification: json }, header, 'cpu').classification;
    assert.deepEqual(complete(fixed, {}), { output: 'logits', activation: 'softmax', top: 5 });
    assert.throws(() => complete(fixed, { output: 'probs' }), {
      message:
        "model.json does not fit the model: classification.output is 'probs', but the model has no such output. Expected one of 'logits'.",
    });
    assert.throws(() => complete(headerOf([], [value('Y', [1], 'BYTES')]), {}), {
      message:
        "model.json does not fit the model: classification.output names output 'Y' BYTES [1]. Expected an output of numbers, one for each class.",
    });
  });
});

describe('labels', () => {
  let folder = '';
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-labels-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  it('are lines, whatever ends them, with empty ones inside kept', () => {
    assert.deepEqual(parseLabels('\uFEFFa\r\n\nb c\n'), ['a', '', 'b c']);
    assert.deepEqual(parseLabels('a\n\nb\r\n\n\r\n\n'), ['a', '', 'b']);
    assert.deepEqual(parseLabels(''), []);
    assert.deepEqual(parseLabels('\n\n'), []);
  });

  it('are read as the bytes say, UTF-8 or UTF-16, and refused where characters would be lost', async () => {
    const text = 'café\r\n犬\n\u{1f600}\n';
    const forms = {
      plain: Buffer.from(text),
      marked: Buffer.from(`\uFEFF${text}`),
      little: Buffer.from(`\uFEFF${text}`, 'utf16le'),
      big: Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(),
    };
    const keyed = (name: string) => ({ key: 'classification.labels', name }) as const;
    for (const [name, bytes] of Object.entries(forms)) {
      await writeFile(join(folder, name), bytes);
      assert.deepEqual(await readLabels(folder, keyed(name)), ['café', '犬', '\u{1f600}'], name);
    }
    await writeFile(join(folder, 'latin1'), Buffer.from('caf\u00e9\n', 'latin1'));
    await writeFile(join(folder, 'cut'), forms.little.subarray(0, -1));
    for (const name of ['latin1', 'cut'])
      await assert.rejects(readLabels(folder, keyed(name)), { code: 'MODEL_INVALID', message: /cannot be read \(/ });
    await assert.rejects(readLabels(folder, keyed('latin1')), {
      message: /it is not text in UTF-8: save it in that encoding/,
    });
  });

  it('must be as many as the classes, where these are known', () => {
    const config = { output: 'logits', activation: 'none', labels: 'labels.txt', top: 5 } as const;
    const open = headerOf([], [value('logits', [null, null])]);
    assert.doesNotThrow(() => checkLabels(config, ['a'], open));
    const of = (...shape: Dim[]) => headerOf([], [value('logits', shape)]);
    for (const shape of [[null, 2, 1, 1], [1, 1, 2], [2], [2, 1], [null, null, 1], [4, 2]])
      assert.doesNotThrow(() => checkLabels(config, ['a', 'b'], of(...shape)), String(shape));
    assert.throws(() => checkLabels(config, ['a'], of(null, 2, 1, 1)), /has 2 classes/);
    assert.throws(() => checkLabels(config, ['a', 'b'], of(1, 2, 8, 8)), /has 3 dimensions that could count them/);
    assert.throws(() => checkLabels(config, ['a', 'b'], imageHeader([1, 3, 8, 8])), {
      message:
        "model.json does not fit the model: classification.labels 'labels.txt' has 2 lines, but output 'logits' FP32 [1,10] has 10 classes. Give one label per line, in the order of the classes.",
    });
  });

  it('come from a file inside the folder and from nowhere else', async () => {
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'sub', 'labels.txt'), 'cat\ndog\n');
    await symlink('/etc/hostname', join(folder, 'link.txt'));
    const keyed = (name: string) => ({ key: 'classification.labels', name }) as const;
    assert.deepEqual(await readLabels(folder, keyed('sub/labels.txt')), ['cat', 'dog']);
    const refused = (name: string, message: RegExp) =>
      assert.rejects(readLabels(folder, keyed(name)), { code: 'MODEL_INVALID', message });
    await refused('none.txt', /'none\.txt' is not there\. Expected a text file beside model\.json/);
    await refused('../../../../../../etc/hostname', /lies outside the model's folder/);
    await refused('link.txt', /leads to '\/etc\/hostname' by a symbolic link, outside the model repository/);
    assert.equal((await readLabels(folder, keyed('link.txt'), ['/etc'])).length, 1);
    await refused('sub', /is not a regular file/);
    await refused('a\0b', /'a\\0b' cannot be read/);
  });
});
