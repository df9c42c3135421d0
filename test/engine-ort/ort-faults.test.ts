import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { AppError } from '../../src/errors.js';
import { explainCreateFault, explainRunFault, findOrtFault, tidyOrtText } from '../../src/engine/ort-faults.js';

interface Sample {
  readonly text: string;
  readonly code: string;
  readonly cause: string;
  readonly fix: string;
}

const samples = JSON.parse(
  await readFile(new URL('./fixtures/ort-faults.json', import.meta.url), 'utf8'),
) as readonly Sample[];

const spec = {
  modelPath: '/m/model.onnx',
  logId: 'm',
  provider: 'cuda',
  deviceId: 0,
  strict: false,
  intraOpThreads: 1,
  optimised: false,
} as const;

describe('the texts of ONNX Runtime', () => {
  for (const { text, code, cause, fix } of samples) {
    it(`mean: ${cause}`, () => {
      const fault = findOrtFault(text);
      assert.ok(fault, text);
      assert.equal(fault.code, code);
      assert.ok(fault.cause.includes(cause), fault.cause);
      assert.ok(fault.fix.includes(fix), fault.fix);
    });
  }

  it('lose the source lines in front of what they say', () => {
    const text =
      'Non-zero status code returned while running Gather node. /onnxruntime_src/onnxruntime/core/providers/cpu/tensor/gather.cc:97 onnxruntime::common::Status onnxruntime::GatherCopyData(const onnxruntime::Tensor*, int64_t) const indices element out of data bounds, idx=7';
    assert.equal(
      tidyOrtText(text),
      'Non-zero status code returned while running Gather node. indices element out of data bounds, idx=7',
    );
  });

  it('become an error with cause and fix, or with the text itself where nothing is known of it', () => {
    const known = explainCreateFault(spec, new Error('Unsupported data type: 16'));
    assert.match(known.message, /^Cannot load \/m\/model\.onnx on cuda: an input .*bfloat16.* To fix: export it/);
    const unknown = explainCreateFault(spec, new Error('a text of tomorrow'));
    assert.deepEqual(
      [unknown.code, unknown.message],
      ['MODEL_INVALID', 'Cannot load /m/model.onnx on cuda: a text of tomorrow'],
    );
    const run = explainRunFault(new Error('CUDA failure 2: out of memory'));
    assert.ok(run instanceof AppError);
    assert.deepEqual([run.code, /memory ran out\. To fix: lower/.test(run.message)], ['ENGINE_FAILED', true]);
  });
});
