import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { AppError } from '../../src/errors.js';
import { parseDataLimit } from '../../src/engine/memory-at-hand.js';
import { explainCreateFault, explainRunFault, findOrtFault } from '../../src/engine/ort/ort-faults.js';
import { tidyOrtText } from '../../src/engine/ort/request-faults.js';

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

  it('tell a node without code for its datatypes only once less optimised graphs were tried', () => {
    const text = "Could not find an implementation for OneHot(11) node with name '/head/OneHot'";
    assert.equal(findOrtFault(text), undefined);
    assert.equal(
      explainCreateFault(spec, new Error(text)).message,
      "Cannot load /m/model.onnx on cuda: ONNX Runtime has no OneHot of version 11 for the datatypes that the model gives it on cuda (node '/head/OneHot'). " +
        'To fix: export it with other datatypes there, such as float32 and int64, or serve it on a device that has them.',
    );
  });

  it('tell a device that was lost from one whose memory ran out, and read no names of nodes', () => {
    const isLost = (text: string): boolean => explainRunFault(new Error(text)).details['isDeviceLost'] === true;
    for (const text of [
      'CUDA error cudaErrorLaunchFailure:CUDA failure 719: unspecified launch failure ; GPU=0 ; expr=cudaStreamSynchronize(s)',
      'CUDA failure 999: unknown error ; GPU=1 ; hostname=x ; expr=cudaMemcpyAsync(dst, src, n)',
      'CUDA failure 700: an illegal memory access was encountered ; GPU=0',
      'CUDA failure 214: uncorrectable ECC error encountered ; GPU=0',
      'CUDA failure 46: all CUDA-capable devices are busy or unavailable ; GPU=0',
      'CUDA failure 2: out of memory ; GPU=0 ; then CUDA failure 719: unspecified launch failure ; GPU=0',
      'WebGPU device lost (2): the GPU process went away',
    ]) {
      assert.ok(isLost(text), text);
      assert.equal(explainRunFault(new Error(text)).code, 'DEVICE_UNAVAILABLE');
      assert.equal(
        explainCreateFault(spec, new Error(text)).code,
        text.includes('memory ;') ? 'ENGINE_FAILED' : 'DEVICE_UNAVAILABLE',
      );
    }
    for (const text of [
      'CUDA failure 2: out of memory ; GPU=0',
      'CUDA failure 7190: made up',
      "Non-zero status code returned while running Gather node. Name:'CUDA failure 719: x' Status Message: no such kernel",
      'CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=0',
    ])
      assert.ok(!isLost(text), text);
  });

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

  it('lay want of memory to the request only where it asked for most of what there is', () => {
    const text = (bytes: number) => new Error(`Failed to allocate memory for requested buffer of size ${bytes}`);
    const asked = explainRunFault(text(40_000_000_000), { mostBytes: 16_000_000_000 });
    assert.equal(asked.details['isRequestFault'], true);
    assert.match(asked.message, /a tensor of 40000000000 bytes would be needed, and the limit is 16000000000/);
    const scarce = explainRunFault(text(1_000_000), { mostBytes: 16_000_000_000 });
    assert.deepEqual([scarce.code, scarce.details['isRequestFault']], ['ENGINE_FAILED', undefined]);
    assert.match(scarce.message, /memory ran out at 1000000 bytes/);
  });

  it('tell a text that is no number from a fault of the server', () => {
    const cast = (said: string) =>
      explainRunFault(
        new Error(`Non-zero status code returned while running Cast node. Name:'' Status Message: ${said}`),
      );
    assert.equal(cast('stod').details['isRequestFault'], true);
    assert.equal(cast('something else').details['isRequestFault'], undefined);
  });

  it('are judged by the limit that a process has', () => {
    const line = (soft: string) =>
      `Limit  Soft Limit  Hard Limit  Units\nMax data size             ${soft}           unlimited            bytes\n`;
    assert.equal(parseDataLimit(line('805306368')), 805_306_368);
    assert.equal(parseDataLimit(line('unlimited')), undefined);
    assert.equal(parseDataLimit(''), undefined);
  });
});
