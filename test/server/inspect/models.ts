import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeOnnx, type Graph } from '../../../src/model/onnx/writer.js';
import { sumAndDifference } from '../../support/models.js';
import { tokenizerJson } from '../../tasks/text/fixtures.js';
import { tokenVectors } from '../../tasks/text/models.js';

/** Scores of three classes: the mean of each channel of an image. */
function means(output: string, sides: readonly [height: number | string, width: number | string]): Graph {
  return {
    name: 'means',
    inputs: [{ name: 'pixel_values', datatype: 'FP32', shape: ['batch', 3, ...sides] }],
    outputs: [{ name: output, datatype: 'FP32', shape: ['batch', 3] }],
    nodes: [
      { op: 'ReduceMean', inputs: ['pixel_values'], outputs: [output], attributes: { axes: [2, 3], keepdims: 0 } },
    ],
    opset: 13,
  };
}

const rgb = { mean: [0.5, 0.25, 0.125], std: [0.5, 0.5, 0.25] };

/** Models as they come from exporters and people, by path. */
const files: Readonly<Record<string, string | Uint8Array>> = {
  'plain/1/model.onnx': writeOnnx(sumAndDifference),
  'plain/2/model.onnx': writeOnnx(sumAndDifference),
  'face/onnx/model.onnx': writeOnnx(means('logits', ['height', 'width'])),
  'face/config.json': JSON.stringify({
    architectures: ['ViTForImageClassification'],
    id2label: { 0: 'cat', 1: 'dog "the big"', 2: 'bird, small' },
  }),
  'face/preprocessor_config.json': JSON.stringify({
    size: { height: 32, width: 48 },
    image_mean: rgb.mean,
    image_std: rgb.std,
    resample: 3,
  }),
  'timm/model.onnx': writeOnnx(means('scores', [32, 32])),
  'timm/config.json': JSON.stringify({
    architecture: 'resnet18',
    num_classes: 3,
    pretrained_cfg: {
      input_size: [3, 32, 32],
      crop_pct: 0.875,
      interpolation: 'bicubic',
      ...rgb,
      label_names: ['a', 'b', 'c'],
    },
  }),
  'texts/model.onnx': writeOnnx(tokenVectors),
  'texts/tokenizer.json': tokenizerJson('wordpiece'),
  'texts/tokenizer_config.json': '{"model_max_length":32,"pad_token":"[PAD]"}',
  'image/model.onnx': writeOnnx(means('means', [24, 16])),
  'alone.onnx': writeOnnx(sumAndDifference),
  'broken.onnx': 'no model',
  'cut/model.onnx': writeOnnx(means('means', [24, 16])).subarray(0, 60),
  'misspelt/model.onnx': writeOnnx(sumAndDifference),
  'misspelt/model.json': '{"bathing":{}}',
  'contradicted/model.onnx': writeOnnx(means('means', [24, 16])),
  'contradicted/model.json': '{"image":{},"classification":{"labels":["one","two"]}}',
  'several/a.onnx': writeOnnx(sumAndDifference),
  'several/b.onnx': writeOnnx(sumAndDifference),
  'weightless/model.onnx': writeOnnx(sumAndDifference),
  'weightless/model.json': '{"versions":[1,7]}',
};

/** Puts them all, and the bundled detector, into a folder. */
export async function putKinds(folder: string): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await cp('models/digit-boxes/1', join(folder, 'boxes'), { recursive: true });
}
