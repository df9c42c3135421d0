import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Engine, SessionSpec } from '../../../src/engine/engine.js';
import { ortEngine } from '../../../src/engine/ort/ort.js';
import { disableTelemetry } from '../../../src/engine/telemetry.js';
import { prepareWeights } from '../../../src/engine/weights/weights-cache.js';
import { computeKey } from '../../../src/engine/weights/weights-key.js';
import { findOrMakeWeights, newBuildFolder, type WeightsStore } from '../../../src/engine/weights/weights-store.js';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { mlp } from '../../support/mlp.js';

disableTelemetry(process.env);
const { env } = process;
const hour = 3_600_000;
let folder: string;
let caches = 0;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-weights-'))));
after(() => rm(folder, { recursive: true }));

const newCache = (): string => join(folder, `cache-${(caches += 1)}`);

async function putMlp(seed: number): Promise<SessionSpec> {
  const modelPath = join(folder, `mlp-${seed}.onnx`);
  await writeFile(modelPath, writeOnnx(mlp({ width: 64, layers: 3, seed })));
  return { modelPath, logId: 'm', provider: 'cpu', deviceId: 0, strict: false, intraOpThreads: 1, optimised: false };
}

const storeAt = (folder: string, parts: Partial<WeightsStore> = {}): WeightsStore => ({
  folder,
  maxBytes: 1e9,
  nowMs: 0,
  userId: process.getuid?.(),
  buildFolder: newBuildFolder(folder),
  ...parts,
});

async function runOnce(spec: SessionSpec): Promise<Tensor | undefined> {
  const session = await ortEngine.createSession(spec);
  const data = Float32Array.from({ length: 5 * 64 }, (_, index) => Math.sin(index));
  const outputs = await session.run(new Map([['X', { datatype: 'FP32', shape: [5, 64], data }]]), ['Y']);
  await session.release();
  return outputs.get('Y');
}

describe('the cache of optimised weights', () => {
  it('gives a copy whose answers are bit for bit those of the model', async () => {
    const spec = await putMlp(1);
    const prepared = await prepareWeights(spec, { folder: newCache(), env, minBytes: 0 });
    assert.equal(prepared.reason, 'shared by all workers from a new cache entry');
    assert.ok(prepared.spec.optimised && prepared.spec.modelPath !== spec.modelPath);
    assert.deepEqual(await runOnce(prepared.spec), await runOnce(spec));
    assert.deepEqual((await readdir(dirname(prepared.spec.modelPath))).sort(), [
      'manifest.json',
      'model.onnx',
      'model.onnx.data',
    ]);
  });

  it('is made once, and again only for another model', async () => {
    const store = storeAt(newCache());
    const first = await findOrMakeWeights(ortEngine, await putMlp(1), store);
    const again = await findOrMakeWeights(ortEngine, await putMlp(1), store);
    const other = await findOrMakeWeights(ortEngine, await putMlp(2), store);
    assert.deepEqual([first.made, again.made, other.made], [true, false, true]);
    assert.equal(first.modelPath, again.modelPath);
    assert.notEqual(first.modelPath, other.modelPath);
  });

  it('is refused where the copy computes something else, crashes, or is not tried in time, with the reason', async () => {
    const spec = await putMlp(12);
    const cache = newCache();
    const damaging: Engine = {
      ...ortEngine,
      async saveOptimised(spec, path) {
        const session = await ortEngine.saveOptimised(spec, path);
        const file = await open(`${path}.data`, 'r+');
        await file.write(Buffer.alloc(3 * 64 * 64 * 4), 0, undefined, 0);
        await file.close();
        return session;
      },
    };
    await assert.rejects(findOrMakeWeights(damaging, spec, storeAt(cache)), {
      message: "its copy computes a different 'Y' than the model does",
    });
    const onTry = `process.stdout.write = (write => text => { write.call(process.stdout, text); if (text.startsWith('trying')) process.kill(process.pid, 'SIGSEGV'); })(process.stdout.write);`;
    const crashing = {
      ...env,
      NODE_OPTIONS: `--import ${JSON.stringify(`data:text/javascript,${encodeURIComponent(onTry)}`)}`,
    };
    const crashed = await prepareWeights(spec, { folder: cache, env: crashing, minBytes: 0 });
    assert.equal(crashed.reason, 'not shared: its copy crashed when it was tried (SIGSEGV)');
    assert.equal(crashed.spec, spec);
    const late = await prepareWeights(spec, { folder: cache, env, minBytes: 0, timeoutMs: 1 });
    assert.equal(late.reason, 'not shared: saving it took longer than 0.001 s');
    assert.deepEqual(await readdir(cache), []);
  });

  it('is safe with several processes that start at once', async () => {
    const spec = await putMlp(3);
    const cache = newCache();
    const all = await Promise.all([1, 2, 3].map(() => prepareWeights(spec, { folder: cache, env, minBytes: 0 })));
    assert.deepEqual(
      all.map((prepared) => [prepared.spec.optimised, prepared.spec.modelPath]),
      all.map(() => [true, all[0]?.spec.modelPath]),
    );
    assert.equal((await readdir(cache)).length, 1);
    assert.deepEqual(await runOnce((all[0] as (typeof all)[0]).spec), await runOnce(spec));
  });

  it('finds a damaged entry and makes it anew', async () => {
    const spec = await putMlp(4);
    const store = storeAt(newCache());
    const { modelPath } = await findOrMakeWeights(ortEngine, spec, store);
    const damages: readonly (() => Promise<void>)[] = [
      async () => {
        const file = await open(`${modelPath}.data`, 'r+');
        await file.write(Buffer.of(255, 255, 255, 255), 0, 4, 4096);
        await file.close();
      },
      async () => {
        // As a bad sector does: the time stamp stays, to the nanosecond.
        const stamp = join(folder, 'stamp');
        execFileSync('touch', ['-r', `${modelPath}.data`, stamp]);
        const file = await open(`${modelPath}.data`, 'r+');
        await file.write(Buffer.of(7, 7, 7, 7), 0, 4, 4096);
        await file.close();
        execFileSync('touch', ['-r', stamp, `${modelPath}.data`]);
      },
      () => appendFile(modelPath, 'x'),
      () => rm(`${modelPath}.data`),
      () => writeFile(join(dirname(modelPath), 'manifest.json'), '{'),
    ];
    for (const damage of damages) {
      await damage();
      assert.equal((await findOrMakeWeights(ortEngine, spec, store)).made, true, String(damage));
      assert.deepEqual(await runOnce({ ...spec, modelPath, optimised: true }), await runOnce(spec));
    }
    assert.equal((await readdir(store.folder)).length, 1);
  });

  it('leaves the model as it is where the folder cannot be used, and says why', async () => {
    const spec = await putMlp(5);
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const prepared = await prepareWeights(spec, { folder: join(file, 'cache'), env, minBytes: 0 });
    assert.equal(prepared.spec, spec);
    assert.match(prepared.reason, /^not shared: ENOTDIR/);
  });

  it('trusts no folder that others can write', async () => {
    const cache = newCache();
    await mkdir(cache);
    await chmod(cache, 0o777);
    const prepared = await prepareWeights(await putMlp(5), { folder: cache, env, minBytes: 0 });
    assert.match(prepared.reason, /^not shared: The cache folder .* with mode 777, expected .* and 700/);
  });

  it('skips small models, those of a GPU, and those saved optimised', async () => {
    const spec = await putMlp(6);
    const options = { folder: newCache(), env };
    assert.match((await prepareWeights(spec, options)).reason, /are below 8388608, too few to share/);
    assert.equal((await prepareWeights({ ...spec, provider: 'cuda' }, options)).spec.provider, 'cuda');
    assert.match((await prepareWeights({ ...spec, optimised: true }, options)).reason, /was saved optimised/);
  });

  it('says why a broken model has no copy', async () => {
    const spec = await putMlp(6);
    await writeFile(spec.modelPath, 'no model');
    const prepared = await prepareWeights(spec, { folder: newCache(), env, minBytes: 0 });
    assert.match(prepared.reason, /^not shared: /);
  });

  it('removes what was unused longest beyond its limit, and builds that were given up', async () => {
    const cache = newCache();
    const now = Date.now();
    const paths: string[] = [];
    for (const seed of [7, 8, 9]) {
      const nowMs = now - (10 - seed) * hour;
      const { modelPath } = await findOrMakeWeights(ortEngine, await putMlp(seed), storeAt(cache, { nowMs }));
      await findOrMakeWeights(ortEngine, await putMlp(seed), storeAt(cache, { nowMs }));
      paths.push(modelPath);
    }
    await mkdir(join(cache, '.building-old'));
    const bytes = 2 * 4 * 64 * 64 * 3;
    const last = await findOrMakeWeights(
      ortEngine,
      await putMlp(10),
      storeAt(cache, { nowMs: now + 2 * hour, maxBytes: 2.5 * bytes }),
    );
    const kept = [paths[2] ?? '', last.modelPath].map((path) => dirname(path)).sort();
    assert.deepEqual((await readdir(cache)).map((name) => join(cache, name)).sort(), kept);
  });

  it('has another key for another runtime, CPU or file of weights', async () => {
    const { modelPath } = await putMlp(11);
    const extra = join(folder, 'weights.bin');
    await writeFile(extra, 'a');
    const key = (files: readonly string[], runtimeVersion = '1', cpuFeatures = 'avx') =>
      computeKey(files, { runtimeVersion, cpuFeatures });
    const keys = [
      await key([modelPath]),
      await key([modelPath], '2'),
      await key([modelPath], '1', 'sse'),
      await key([modelPath, extra]),
    ];
    await writeFile(extra, 'b');
    keys.push(await key([modelPath, extra]));
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(await key([modelPath]), keys[0]);
  });
});
