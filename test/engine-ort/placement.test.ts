import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { Engine, EngineSession, SessionSpec } from '../../src/engine/engine.js';
import { AppError } from '../../src/errors.js';
import { createProvenSession, deviceName, parseProfile } from '../../src/engine/placement.js';

const spec: SessionSpec = {
  modelPath: '/m/model.onnx',
  logId: 'm',
  provider: 'cuda',
  deviceId: 1,
  strict: false,
  intraOpThreads: 1,
  optimised: false,
};

const node = (name: string, provider: string): object => ({ cat: 'Node', name, args: { provider, node_index: name } });

/** A runtime with a GPU, which no test machine has: it writes the profile given, or refuses strict mode. */
function gpuEngine(options: {
  readonly profile: readonly object[];
  readonly strictWorks?: boolean;
  readonly runs?: boolean;
}): Engine {
  return {
    version: 'test',
    createSession({ strict }, { profilePrefix } = {}) {
      if (strict && options.strictWorks !== true)
        return Promise.reject(new AppError('DEVICE_UNAVAILABLE', 'nodes on the CPU'));
      const session: EngineSession = {
        inputs: [{ name: 'X', datatype: 'INT64', shape: [-1, 2] }],
        outputs: [],
        run: async () => {
          if (options.runs === false) throw new AppError('ENGINE_FAILED', 'zeros do not fit');
          await writeFile(`${profilePrefix}_1.json`, JSON.stringify(options.profile));
          return new Map();
        },
        runNow: () => new Map(),
        endProfile: () => undefined,
        release: () => Promise.resolve(),
      };
      return Promise.resolve(session);
    },
    saveOptimised: () => Promise.reject(new Error('nothing is saved here')),
  };
}

const place = async (engine: Engine, parts: Partial<SessionSpec> = {}) =>
  (await createProvenSession(engine, { ...spec, ...parts })).placement;

describe('the proof of where nodes run', () => {
  it('is that there is no other provider, on the CPU', async () => {
    assert.deepEqual(await place(gpuEngine({ profile: [] }), { provider: 'cpu' }), {
      device: 'cpu',
      nodes: {},
      evidence: 'only-provider',
    });
  });

  it('counts a profile, and names the CPU where it computes a part', async () => {
    const gpu = ['a', 'b', 'a'].map((name) => node(name, 'CUDAExecutionProvider'));
    const cpu = node('c', 'CPUExecutionProvider');
    const session = { cat: 'Session', name: 'model_run', args: {} };
    assert.deepEqual(await place(gpuEngine({ profile: [session, ...gpu] })), {
      device: 'cuda:1',
      nodes: { CUDAExecutionProvider: 2 },
      evidence: 'profile',
    });
    assert.equal((await place(gpuEngine({ profile: [...gpu, cpu] }))).device, 'cuda:1+cpu');
    assert.equal((await place(gpuEngine({ profile: [cpu] }))).device, 'cpu');
  });

  it('is strict mode where that is asked for', async () => {
    const placement = await place(gpuEngine({ profile: [], strictWorks: true }), { strict: true });
    assert.deepEqual(placement, { device: 'cuda:1', nodes: {}, evidence: 'strict-mode' });
    await assert.rejects(place(gpuEngine({ profile: [] }), { strict: true }), { code: 'DEVICE_UNAVAILABLE' });
  });

  it('falls to strict mode for a model that does not run on zeros', async () => {
    const broken = { profile: [], runs: false };
    assert.equal((await place(gpuEngine({ ...broken, strictWorks: true }))).device, 'cuda:1');
    const partly = await place(gpuEngine(broken));
    assert.deepEqual([partly.device, partly.evidence], ['cuda:1+cpu', 'strict-mode']);
  });

  it('names devices that have a number with it', () => {
    assert.equal(deviceName({ provider: 'tensorrt', deviceId: 2 }), 'tensorrt:2');
    assert.equal(deviceName({ provider: 'webgpu', deviceId: 0 }), 'webgpu');
  });

  it('ignores events without a provider', () => {
    const events = [node('a', ''), { cat: 'Node', name: 'b' }, node('c', 'CPUExecutionProvider')];
    assert.deepEqual(parseProfile(JSON.stringify(events)), { CPUExecutionProvider: 1 });
  });
});
