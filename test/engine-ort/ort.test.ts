import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { EngineSession, SessionSpec } from '../../src/engine/engine.js';
import { fromOrt } from '../../src/engine/ort-tensors.js';
import { ortEngine } from '../../src/engine/ort.js';
import { parseProfile } from '../../src/engine/placement.js';
import { drawTensors } from '../../src/tensor/drawn.js';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import { writeOnnx, type Graph } from '../../src/model/onnx/writer.js';
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

  it('refuses bytes that are no text, with the element', async () => {
    const session = await open(identity('BYTES', ['batch']));
    await assert.rejects(echo(session, { datatype: 'BYTES', shape: [2], data: ['a', Uint8Array.of(0xff, 0xd8)] }), {
      code: 'INVALID_INPUT',
      message: /Element 1 of BYTES input X \(2 bytes\) is not valid UTF-8/,
    });
    await session.release();
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
