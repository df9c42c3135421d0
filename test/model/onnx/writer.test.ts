import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { failsOnLargeIndex, identity, sumAndDifference } from '../../support/models.js';

process.env['ORT_DISABLE_TELEMETRY'] = '1';

describe('writeOnnx', () => {
  it('writes a graph that the runtime loads and computes', async () => {
    const session = await InferenceSession.create(writeOnnx(sumAndDifference));
    const a = new Tensor(
      'int32',
      Int32Array.from({ length: 16 }, (_, i) => i),
      [1, 16],
    );
    const b = new Tensor('int32', new Int32Array(16).fill(2), [1, 16]);
    const { S, D } = await session.run({ A: a, B: b });
    assert.deepEqual([S?.data[5], D?.data[5]], [7, 3]);
    await session.release();
  });

  it('writes initializers and attributes with their types', async () => {
    const session = await InferenceSession.create(
      writeOnnx({
        name: 'leaky',
        inputs: [{ name: 'X', datatype: 'FP32', shape: [null, 2] }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: [null, 2] }],
        nodes: [
          { op: 'Transpose', inputs: ['W'], outputs: ['T'], attributes: { perm: [1, 0] } },
          { op: 'MatMul', inputs: ['X', 'T'], outputs: ['M'] },
          { op: 'LeakyRelu', inputs: ['M'], outputs: ['Y'], attributes: { alpha: { float: 0.5 } } },
        ],
        initializers: [{ name: 'W', datatype: 'FP32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
      }),
    );
    const { Y } = await session.run({ X: new Tensor('float32', Float32Array.of(1, -1), [1, 2]) });
    assert.deepEqual([...(Y?.data as Float32Array)], [-0.5, -0.5]);
  });

  it('writes a model that loads and fails only in the run', async () => {
    const session = await InferenceSession.create(writeOnnx(failsOnLargeIndex), { logSeverityLevel: 4 });
    const feed = (value: bigint) => ({ X: new Tensor('int64', BigInt64Array.of(value), [1, 1]) });
    assert.equal((await session.run(feed(2n)))['Y']?.data[0], 30);
    await assert.rejects(session.run(feed(3n)), /out of data bounds|indices element/);
  });

  it('keeps texts through an identity of strings', async () => {
    const session = await InferenceSession.create(writeOnnx(identity('BYTES', [null])));
    const { Y } = await session.run({ X: new Tensor('string', ['grüß', ''], [2]) });
    assert.deepEqual(Y?.data, ['grüß', '']);
  });
});
