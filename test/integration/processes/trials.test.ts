import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildPerceptron } from '../../../bench/models/perceptron.js';
import { ortEngine } from '../../../src/engine/ort/ort.js';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { send } from '../../support/http.js';
import { runsForMinutes, sumAndDifference } from '../../support/models.js';
import { folderWith, startProcess, urlOf } from '../../support/server-process.js';
import { goodCall, sums } from '../http/cases/case.js';

const good = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };

/** Puts a model whose packed weights are where the kernels cannot use them, as the runtime itself saves it. */
async function putMisaligned(models: string): Promise<string> {
  const folder = join(models, 'misaligned', '1');
  await mkdir(folder, { recursive: true });
  const plain = join(models, '..', 'plain.onnx');
  await writeFile(plain, writeOnnx(buildPerceptron(1, [37, 333, 77, 5])));
  const cpu = { provider: 'cpu', deviceId: 0, strict: false, intraOpThreads: 1, optimised: false } as const;
  const path = join(folder, 'model.onnx');
  await (await ortEngine.saveOptimised({ ...cpu, modelPath: plain, logId: 'm' }, path)).release();
  return path;
}

/** The signal that ends a process which runs the model in the runtime alone; null where this CPU's kernels take any place. */
async function signalOf(path: string): Promise<string | null> {
  const child = fork(fileURLToPath(new URL('./run-once.js', import.meta.url)), [path], { stdio: 'ignore' });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal;
}

async function homeFor(context: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'slipway-trials-'));
  context.after(() => rm(home, { recursive: true, force: true }));
  return home;
}

interface Entry {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
}

async function statesAt(url: string): Promise<ReadonlyMap<string, Entry>> {
  const { body } = await send(url, { path: '/v2/repository/index', body: '{}' });
  return new Map((JSON.parse(body.toString()) as readonly Entry[]).map((entry) => [entry.name, entry]));
}

describe('models that fault or hang when they are first run', { timeout: 600_000 }, () => {
  it('are failed with the reason, and the server and the other models live', async (context) => {
    const models = await folderWith(context, good, { name: 'hangs', graph: runsForMinutes });
    const path = await putMisaligned(models);
    const signal = await signalOf(path);
    const flags = ['--cache-dir', await homeFor(context), '--log-format', 'json'];
    const server = startProcess(context, '--models', models, ...flags);
    const text = await server.until(/"message":"started"/);
    const url = urlOf(text);
    assert.match(text, /"model":"m".*"message":"model loaded"[^]*"model":"hangs".*"message":"model failed to load"/);
    sums(await send(url, goodCall));
    const states = await statesAt(url);
    assert.match(states.get('hangs')?.reason ?? '', /'hangs' version 1 .*a run of its warm-up took longer than 10 s/);
    const { state = '', reason = '' } = states.get('misaligned') ?? {};
    if (signal === null) assert.equal(state, 'READY');
    else assert.match(reason, new RegExp(`'misaligned' .*ended with signal ${signal}`));
    sums(await send(url, goodCall));
    await copyFile(join(models, 'm', '1', 'model.onnx'), path);
    assert.equal((await send(url, { path: '/v2/repository/models/misaligned/load', body: '{}' })).status, 200);
  });

  it('are tried once: the next start takes what is remembered, and says so', async (context) => {
    const [models, cache] = [await folderWith(context, good), await homeFor(context)];
    for (const trial of [/"trial":"tried in a process of its own in /, /"trial":"none: it was tried before"/]) {
      const server = startProcess(context, '--models', models, '--cache-dir', cache, '--log-format', 'json');
      assert.match(await server.until(/"message":"started"/), trial);
      server.child.kill('SIGTERM');
      assert.deepEqual(await server.ended, [0, null]);
    }
  });
});
