import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { EngineSession, SessionSpec } from '../../src/engine/engine.js';
import type { AppError } from '../../src/errors.js';
import { fromOrt } from '../../src/engine/ort/ort-tensors.js';
import { ortEngine } from '../../src/engine/ort/ort.js';
import { parseProfile } from '../../src/engine/placement.js';
import { drawTensors } from '../../src/tensor/drawn.js';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import { writeOnnx, type Graph, type GraphNode } from '../../src/model/onnx/writer.js';
import { arrayOf, datatypes, type Datatype } from '../../src/tensor/datatype.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { identity, sumAndDifference } from '../support/models.js';

disableTelemetry(process.env);
let folder: string;
let models = 0;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-ort-'))));
after(() => rm(folder, { recursive: true }));

async function specOf(graph: Graph): Promise<SessionSpec> {
  const modelPath = join(folder, `${(models += 1)}.onnx`);
  await writeFile(modelPath, writeOnnx(graph));
  return { modelPath, logId: 'm', provider: 'cpu', deviceId: 0, strict: false, intraOpThreads: 1, optimised: false };
}

const open = async (graph: Graph): Promise<EngineSession> => ortEngine.createSession(await specOf(graph));

async function echo(session: EngineSession, tensor: Tensor): Promise<Tensor | undefined> {
  return (await session.run(new Map([['X', tensor]]), ['Y'])).get('Y');
}

/** Every bit pattern that matters: all ones, the sign bit, small numbers. */
function sample(datatype: Exclude<Datatype, 'BYTES'>): Tensor {
  const { bytes } = datatypes[datatype];
  const raw =
    datatype === 'BOOL'
      ? Uint8Array.of(1, 0, 1, 1)
      : Uint8Array.from({ length: 4 * bytes }, (_, index) =>
          datatype.startsWith('FP') ? index * 3 + 1 : 255 - index * 60,
        );
  return { datatype, shape: [2, 2], data: new (arrayOf(datatype))(raw.buffer) };
}

describe('a session of ONNX Runtime', () => {
  for (const datatype of Object.keys(datatypes) as Datatype[]) {
    if (datatype === 'BYTES' || datatype === 'BF16') continue;
    it(`carries ${datatype} unchanged both ways, in memory of its own`, async () => {
      const session = await open(identity(datatype, ['batch', 2]));
      assert.deepEqual(session.inputs, [{ name: 'X', datatype, shape: [-1, 2] }]);
      const tensor = sample(datatype);
      const answer = await echo(session, tensor);
      assert.deepEqual(answer, tensor);
      const data = answer.data as Uint8Array<ArrayBuffer>;
      assert.equal(data.byteLength, data.buffer.byteLength);
      assert.notEqual(data.buffer, (tensor.data as Uint8Array<ArrayBuffer>).buffer);
      structuredClone(data, { transfer: [data.buffer] });
      await session.release();
    });
  }

  it('carries texts, and bytes that are UTF-8', async () => {
    const session = await open(identity('BYTES', ['batch']));
    const data = ['', 'grün', Buffer.from('日本'), '\u{1f6a2}'];
    assert.deepEqual(await echo(session, { datatype: 'BYTES', shape: [4], data }), {
      datatype: 'BYTES',
      shape: [4],
      data: ['', 'grün', '日本', '\u{1f6a2}'],
    });
    await session.release();
  });

  it('refuses texts of the model that are not UTF-8, and gives those that hold U+FFFD where all are', async () => {
    const picks = (texts: readonly (string | Uint8Array)[]): Graph => ({
      name: 'words',
      inputs: [{ name: 'X', datatype: 'INT64', shape: ['n'] }],
      outputs: [{ name: 'Y', datatype: 'BYTES', shape: ['n'] }],
      nodes: [{ op: 'Gather', inputs: ['c', 'X'], outputs: ['Y'] }],
      initializers: [{ name: 'c', datatype: 'BYTES', shape: [texts.length], data: texts }],
    });
    const pick = async (session: EngineSession, ...indices: number[]) => {
      const data = BigInt64Array.from(indices, BigInt);
      return (await echo(session, { datatype: 'INT64', shape: [data.length], data }))?.data;
    };
    const latin = await open(picks(['ok', Buffer.from('café', 'latin1'), 'a\0b', 'x\ufffd']));
    assert.deepEqual(await pick(latin, 2, 0), ['a\0b', 'ok']);
    for (const index of [1, 3]) {
      await assert.rejects(pick(latin, 0, index), {
        code: 'ENGINE_FAILED',
        message: /^Element 1 of BYTES output Y is not valid UTF-8, or cannot be distinguished from such a text/,
      });
    }
    const utf8 = await open(picks(['x\ufffd', '\u{1f6a2}', '']));
    assert.deepEqual(await pick(utf8, 0, 1, 2), ['x\ufffd', '\u{1f6a2}', '']);
    const same = await open(identity('BYTES', ['n']));
    assert.deepEqual((await echo(same, { datatype: 'BYTES', shape: [1], data: ['\ufffd'] }))?.data, ['\ufffd']);
    await Promise.all([latin.release(), utf8.release(), same.release()]);
  });

  it('refuses bytes that are no text, with the element', async () => {
    const session = await open(identity('BYTES', ['batch']));
    await assert.rejects(echo(session, { datatype: 'BYTES', shape: [2], data: ['a', Uint8Array.of(0xff, 0xd8)] }), {
      code: 'INVALID_INPUT',
      message: /Element 1 of BYTES input X \(2 bytes\) is not valid UTF-8/,
    });
    await session.release();
  });

  it('carries tensors of any name', async () => {
    const data = Float32Array.of(1, -2);
    for (const [input, output] of [
      ['__proto__', 'constructor'],
      ['toString', '__proto__'],
    ] as const) {
      const session = await open({
        name: 'g',
        inputs: [{ name: input, datatype: 'FP32', shape: ['n'] }],
        outputs: [{ name: output, datatype: 'FP32', shape: ['n'] }],
        nodes: [{ op: 'Identity', inputs: [input], outputs: [output] }],
      });
      const answer = await session.run(new Map([[input, { datatype: 'FP32', shape: [2], data }]]), [output]);
      assert.deepEqual(answer, new Map([[output, { datatype: 'FP32', shape: [2], data }]]));
      await session.release();
    }
  });

  it('says that a request is at fault where its shapes do not fit the weights', async () => {
    const runs = async (node: GraphNode, weights: readonly number[], shape: readonly number[]) => {
      const size = (dims: readonly number[]) => new Float32Array(dims.reduce((product, dim) => product * dim, 1));
      const session = await open({
        name: 'g',
        inputs: [{ name: 'X', datatype: 'FP32', shape: shape.map(() => null) }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: shape.map(() => null) }],
        nodes: [node],
        initializers: [{ name: 'W', datatype: 'FP32', shape: weights, data: size(weights) }],
      });
      const feeds = new Map([['X', { datatype: 'FP32', shape, data: size(shape) } as const]]);
      await assert.rejects(session.run(feeds, ['Y']), (error: AppError) => {
        assert.equal(error.details['isRequestFault'], true, error.message);
        assert.match(error.message, /^The model cannot run on inputs of these shapes: .*To fix: send the height/);
        assert.doesNotMatch(error.message, /onnxruntime_src/);
        return true;
      });
      await session.release();
    };
    const node = (op: string, inputs = ['X', 'W']) => ({ op, inputs, outputs: ['Y'] });
    await runs(node('MatMul'), [4, 2], [1, 5]);
    await runs(node('Gemm'), [4, 2], [1, 5]);
    await runs(node('Add'), [4], [1, 5]);
    await runs(node('Conv'), [2, 3, 3, 3], [1, 3, 2, 2]);
    await runs(node('Conv'), [2, 3, 3, 3], [1, 4, 8, 8]);
    await runs({ ...node('Concat'), attributes: { axis: 0 } }, [1, 4], [1, 5]);
    await runs({ ...node('MaxPool', ['X']), attributes: { kernel_shape: [5, 5] } }, [1], [1, 3, 2, 2]);
    await runs({ ...node('DepthToSpace', ['X']), attributes: { blocksize: 2 } }, [1], [1, 5, 2, 2]);
  });

  it('carries scalars and empty batches', async () => {
    const scalar = await open(identity('FP32', []));
    assert.deepEqual(await echo(scalar, { datatype: 'FP32', shape: [], data: Float32Array.of(7) }), {
      datatype: 'FP32',
      shape: [],
      data: Float32Array.of(7),
    });
    const batched = await open(identity('INT64', ['batch', 3]));
    assert.deepEqual(await echo(batched, { datatype: 'INT64', shape: [0, 3], data: new BigInt64Array(0) }), {
      datatype: 'INT64',
      shape: [0, 3],
      data: new BigInt64Array(0),
    });
    await Promise.all([scalar.release(), batched.release()]);
  });

  it('cannot carry bfloat16, and says what to do', async () => {
    await assert.rejects(open(identity('BF16', [1])), {
      code: 'MODEL_INVALID',
      message: /bfloat16.*export it with float32/,
    });
  });

  it('answers only the outputs asked for', async () => {
    const session = await open(sumAndDifference);
    const outputs = await session.run(drawTensors(session.inputs, { rows: 1, variable: 1 }), ['D']);
    assert.deepEqual([...outputs.keys()], ['D']);
    assert.deepEqual(outputs.get('D')?.shape, [1, 16]);
    await session.release();
  });

  it('fails to load on a provider that is not here, instead of going on without it', async (t) => {
    const spec = await specOf(sumAndDifference);
    const session = await ortEngine.createSession({ ...spec, provider: 'tensorrt' }).catch((error: unknown) => error);
    if (!(session instanceof Error)) {
      t.skip('this machine has TensorRT');
      return;
    }
    assert.equal((session as { code?: string }).code, 'DEVICE_UNAVAILABLE');
    assert.match(session.message, /on tensorrt: the TensorRT provider's shared library did not load\. To fix:/);
  });

  it('profiles a run, from which the nodes of each provider are counted, and runs on afterwards', async () => {
    const own = await mkdtemp(join(folder, 'profile-'));
    const session = await ortEngine.createSession(await specOf(sumAndDifference), { profilePrefix: join(own, 'run') });
    const feeds = drawTensors(session.inputs, { rows: 1, variable: 1 });
    for (let run = 0; run < 2; run += 1) await session.run(feeds, ['S', 'D']);
    session.endProfile();
    const [file = ''] = await readdir(own);
    assert.deepEqual(parseProfile(await readFile(join(own, file), 'utf8')), { CPUExecutionProvider: 2 });
    await session.run(feeds, ['S']);
    await session.release();
  });
});

describe('an output tensor', () => {
  it('is copied out of memory that holds more than it', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const tensor = fromOrt('Y', { type: 'float32', data, dims: [2] });
    assert.deepEqual(tensor.data, Float32Array.of(2, 3));
    assert.equal((tensor.data as Float32Array).buffer.byteLength, 8);
  });

  it('of 16-bit floats becomes bit patterns, whatever array the engine has for them', () => {
    const bits = Uint16Array.of(0x3c00, 0xc000);
    const foreign = new Int16Array(bits.buffer) as never;
    assert.deepEqual(fromOrt('Y', { type: 'float16', data: foreign, dims: [2] }), {
      datatype: 'FP16',
      shape: [2],
      data: bits,
    });
  });
});
