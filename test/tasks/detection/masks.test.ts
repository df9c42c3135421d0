import assert from 'node:assert/strict';
import { it } from 'node:test';
import { completeDetection } from '../../../src/model/complete/complete-detection.js';
import { detect } from '../../../src/tasks/detection/detect.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { headerOf, value } from '../../model/headers.js';

const fp32 = (shape: readonly number[], ...data: readonly number[]): Tensor => ({
  datatype: 'FP32',
  shape,
  data: Float32Array.from(data),
});

it('masks of too many pixels are refused before the first is drawn', () => {
  const outputs = new Map([
    ['out', fp32([1, 2, 7], ...[0, 0, 1, 1, 0.9, 0, 1], ...[0, 0, 100, 100, 0.8, 0, 1])],
    ['prototypes', fp32([1, 1, 2, 2], NaN, NaN, NaN, NaN)],
  ]);
  const header = headerOf(
    [value('image', [1, 3, 100, 100])],
    [...outputs].map(([name, { shape }]) => value(name, [...shape])),
  );
  const config = completeDetection({ form: 'end-to-end', output: 'out', masks: 'prototypes' }, header, undefined);
  const ask = (side: number) => () => {
    const placement = { scaleX: 100 / side, scaleY: 100 / side, padX: 0, padY: 0, imageWidth: side, imageHeight: side };
    const asked = { score: 0.5, iou: undefined, max: 10, mask: 'runs' } as const;
    return detect({ config, outputs, input: { width: 100, height: 100 }, placements: [placement], asked });
  };
  assert.throws(ask(20_000), { code: 'INVALID_INPUT', message: /masks of 2 objects .* are too much/ });
  assert.throws(ask(100), { code: 'MODEL_INVALID', message: /mask that holds NaN/ });
});
