import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseModelJson } from '../../src/model/parse-config.js';

const refusals: readonly (readonly [text: string, message: string])[] = [
  ['[]', 'model.json is a list, expected an object.'],
  ['null', 'model.json is wrong: the whole is null, expected an object.'],
  [
    '{"bathing":{}}',
    'model.json is wrong: bathing is not a known key, expected one of description, versions, batching, instances, image, classification, detection, segmentation, text, embedding, sequences, warmup, execution.',
  ],
  [
    '{"batching":{"maxRow":8}}',
    'model.json is wrong: batching.maxRow is not a known key, expected one of maxRows, maxDelayMs, buckets, maxQueueRows, maxQueueMs, queueTimeoutMs.',
  ],
  [
    '{"image":{"resize":{"size":8}}}',
    'model.json is wrong: image.resize.size is not a known key, expected one of width, height, fit, anchor, multipleOf, multipleBy, longest, enlarge, rounding, library, background.',
  ],
  ['{"batching":true}', 'model.json is wrong: batching is true, expected an object.'],
  ['{"batching":[]}', 'model.json is wrong: batching is [], expected an object.'],
  ['{"image":{"resize":[224,224]}}', 'model.json is wrong: image.resize is [224,224], expected an object.'],
  [
    '{"detection":{"form":"ssd","priors":{"variances":[0.1,0.2,0.3]}}}',
    'model.json is wrong: detection.priors.variances.2 is 0.3, expected two numbers above 0: of the centre and of the size.',
  ],
  ['{"batching":{"maxRows":-1}}', 'model.json is wrong: batching.maxRows is -1, expected an integer from 0 to 65536.'],
  [
    '{"batching":{"maxRows":1.5}}',
    'model.json is wrong: batching.maxRows is 1.5, expected an integer from 0 to 65536.',
  ],
  [
    '{"batching":{"maxDelayMs":1e999}}',
    'model.json is wrong: batching.maxDelayMs is Infinity, expected milliseconds from 0 to 600000.',
  ],
  [
    '{"batching":{"buckets":[1,"a"]}}',
    'model.json is wrong: batching.buckets.1 is "a", expected an integer from 1 to 65536.',
  ],
  [
    '{"instances":{"cpu":"many"}}',
    'model.json is wrong: instances.cpu is "many", expected "auto" or an integer from 1 to 1024.',
  ],
  [
    '{"instances":{"gpu":"auto"}}',
    'model.json is wrong: instances.gpu is "auto", expected "all" or an integer from 1 to 64.',
  ],
  [
    '{"image":{"resize":{"fit":"crop"}}}',
    'model.json is wrong: image.resize.fit is "crop", expected "cover", "contain", "fill", "inside", "outside", "height".',
  ],
  [
    '{"image":{"mean":[1,2]}}',
    'model.json is wrong: image.mean is [1,2], expected a number, or a list of 1 or 3 numbers.',
  ],
  [
    '{"image":{"std":0}}',
    'model.json is wrong: image.std is 0, expected a number other than 0, or a list of 1 or 3 of them.',
  ],
  ['{"image":{"crop":{}}}', 'model.json is wrong: image.crop.width is missing; image.crop.height is missing.'],
  [
    '{"versions":[]}',
    'model.json is wrong: versions is [], expected "latest", "all" or a list of version numbers such as [1, 3].',
  ],
  [
    '{"execution":{"providers":["coreml"]}}',
    'model.json is wrong: execution.providers.0 is "coreml", expected "cpu", "cuda", "tensorrt", "webgpu".',
  ],
];

describe('parseModelJson', () => {
  it('accepts an empty object, and every key at once', () => {
    assert.deepEqual(parseModelJson('{}'), {});
    const whole = {
      $schema: 'model.schema.json',
      description: 'Digits',
      versions: [1, 3],
      batching: {
        maxRows: 8,
        maxDelayMs: 0.5,
        buckets: [4, 8],
        maxQueueRows: 64,
        maxQueueMs: 1500,
        queueTimeoutMs: 100,
      },
      instances: { cpu: 2, gpu: 1 },
      image: {
        input: 'image',
        resize: { width: 256, height: 256, fit: 'contain', background: [1, 2, 3] },
        crop: { width: 224, height: 224 },
        color: 'bgr',
        layout: 'NHWC',
        scale: 0.5,
        mean: [1, 2, 3],
        std: [1],
        invert: true,
      },
      classification: { output: 'logits', activation: 'sigmoid', labels: 'labels.txt', top: 3 },
      warmup: false,
      execution: { providers: ['cuda', 'cpu'], requireGpu: true, intraOpThreads: 2 },
    };
    assert.deepEqual(parseModelJson(JSON.stringify(whole)), whole);
  });

  it('takes a single number for mean, std and background, and a byte order mark', () => {
    const { image } = parseModelJson('\uFEFF{"image":{"mean":0.5,"std":2,"resize":{"background":9}}}');
    assert.deepEqual(image, { mean: [0.5], std: [2], resize: { background: [9] } });
  });

  it('says where JSON breaks', () => {
    assert.throws(() => parseModelJson('{"a":'), {
      code: 'MODEL_INVALID',
      message: /^model\.json is not valid JSON: /,
    });
  });

  it('names every wrong key, not just the first', () => {
    assert.throws(() => parseModelJson('{"warmup":1,"description":2}'), {
      message: 'model.json is wrong: description is 2, expected a text; warmup is 1, expected true or false.',
    });
  });

  for (const [text, message] of refusals) {
    it(`refuses ${text}`, () => assert.throws(() => parseModelJson(text), { code: 'MODEL_INVALID', message }));
  }
});
