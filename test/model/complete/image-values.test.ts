import assert from 'node:assert/strict';
import { it } from 'node:test';
import { completeConfig } from '../../../src/model/complete/complete-config.js';
import type { ModelJson } from '../../../src/model/config-schema.js';
import type { Datatype } from '../../../src/tensor/datatype.js';
import { headerOf, value } from '../headers.js';

/** What the pixels 0, 100 and 255 become. */
function valuesOf(datatype: Datatype, json: ModelJson['image'] = {}): readonly number[] {
  const header = headerOf([value('image', [null, 8, 8, 3], datatype)], [value('logits', [null, 10])]);
  const { scale, mean, std } = completeConfig({ image: json }, header, 'cpu').image!;
  return [0, 100, 255].map((pixel) => (pixel * scale - mean[0]!) / std[0]!);
}

it('pixels stay as they are for integers, less 128 for INT8, where model.json says nothing else', () => {
  for (const datatype of ['UINT8', 'UINT16', 'INT16', 'INT32', 'UINT32'] as const)
    assert.deepEqual(valuesOf(datatype), [0, 100, 255]);
  assert.deepEqual(valuesOf('INT8'), [-128, -28, 127]);
  assert.deepEqual(valuesOf('INT8', { mean: [0] }), [0, 100, 255]);
  assert.deepEqual(valuesOf('INT8', { scale: 0.5 }), [0, 50, 127.5]);
  for (const datatype of ['FP32', 'FP16', 'FP64'] as const) assert.equal(valuesOf(datatype)[2], 1);
});
