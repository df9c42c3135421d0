import assert from 'node:assert/strict';
import { readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AppError } from '../../src/errors.js';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import type { ModelRepository } from '../../src/repository/types.js';
import { identity, putModel } from '../support/models.js';
import { putExternalModel } from './external-model.js';
import { addsConstant, constantOf, rowOf, useWorkplace } from './workplace.js';

const place = useWorkplace();

/** Clients that ask without a pause until told to stop; each looks the model up some turns before it uses it. */
function startClients(repository: ModelRepository, count: number) {
  const answers = new Map<unknown, number>();
  const failures: unknown[] = [];
  let isStopping = false;
  const ask = async (): Promise<void> => {
    while (!isStopping) {
      try {
        const model = repository.get('m');
        for (let turns = 0; turns < 3; turns++) await turn();
        const constant = await constantOf(model);
        answers.set(constant, (answers.get(constant) ?? 0) + 1);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const clients = Array.from({ length: count }, ask);
  const totalOf = () => [...answers.values()].reduce((sum, answered) => sum + answered, 0);
  /** Resolves once so many more were answered, or one failed. */
  const more = async (least: number): Promise<void> => {
    const total = totalOf() + least;
    while (totalOf() < total && failures.length === 0) await turn();
  };
  const stop = async () => {
    isStopping = true;
    await Promise.all(clients);
    return { answers, failures, total: totalOf() };
  };
  return { more, stop };
}

describe('reloading', () => {
  it('fails no request while a model is replaced again and again', async (test) => {
    const root = await place.folder();
    const path = await putModel(root, { name: 'm', graph: addsConstant(1) });
    const repository = await place.open(root);
    const clients = startClients(repository, 8);
    for (let k = 2; k <= 15; k++) {
      await writeFile(`${path}.tmp`, writeOnnx(addsConstant(k)));
      await rename(`${path}.tmp`, path);
      await (k % 2 === 0 ? repository.poll() : repository.load('m'));
      assert.equal(await constantOf(repository.get('m')), k);
      // Of each client one may have been under way before, so that the last of these are answered by what serves now.
      await clients.more(2 * 8);
    }
    const { answers, failures, total } = await clients.stop();
    test.diagnostic(`${total} requests during 14 reloads, ${failures.length} failed`);
    assert.deepEqual(failures, []);
    assert.ok(answers.size >= 14 && total > 100, `${answers.size} versions answered ${total} requests`);
    const { inferenceCount, fail } = repository.get('m').statistics.snapshot();
    assert.deepEqual([inferenceCount, fail.count], [total + 14, 0], 'the counts go on across reloads');
  });

  it('fails no request while higher versions take over and old ones leave', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const repository = await place.open(root, { lingerMs: 20 });
    const clients = startClients(repository, 4);
    for (let version = 2; version <= 6; version++) {
      await putModel(root, { name: 'm', version: String(version), graph: addsConstant(version) });
      await repository.poll();
      assert.deepEqual(repository.versions('m'), [String(version)]);
      await rm(join(root, 'm', String(version - 1)), { recursive: true });
    }
    assert.deepEqual((await clients.stop()).failures, []);
    await repository.poll();
    assert.deepEqual(
      repository.index().map(({ version }) => version),
      ['6'],
    );
  });

  it('keeps the old version where the new one fails, shows why, and tries again when the file changes', async () => {
    const root = await place.folder();
    const path = await putModel(root, { name: 'm', graph: addsConstant(1) });
    const repository = await place.open(root);
    await writeFile(path, writeOnnx(addsConstant(2)).subarray(0, 50));
    await repository.poll();
    const [entry] = repository.index();
    assert.equal(entry?.state, 'READY');
    assert.match(entry.reason, /^Model 'm' version 1 cannot be loaded: The model file cannot be read: /);
    assert.equal(await constantOf(repository.get('m')), 1);
    assert.deepEqual(repository.readiness(), [{ model: 'm', version: '1', state: 'ready' }]);
    await assert.rejects(repository.load('m'), { code: 'MODEL_INVALID' });
    await writeFile(path, writeOnnx(addsConstant(3)));
    await repository.poll();
    assert.deepEqual(repository.index(), [{ name: 'm', version: '1', state: 'READY', reason: '' }]);
    assert.equal(await constantOf(repository.get('m')), 3);
  });

  it('keeps the old version where a higher one fails', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const repository = await place.open(root);
    const path = await putModel(root, { name: 'm', version: '2', graph: addsConstant(2) });
    await truncate(path, 40);
    await repository.poll();
    assert.equal(await constantOf(repository.get('m')), 1);
    assert.deepEqual(
      repository.index().map(({ state }) => state),
      ['READY', 'UNAVAILABLE'],
    );
    await writeFile(path, writeOnnx(addsConstant(2)));
    await repository.poll();
    assert.deepEqual(repository.versions('m'), ['2']);
  });

  it('keeps what serves while its folder holds no model or two things claim its name, and shows why', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1), config: {} });
    const repository = await place.open(root);
    await rm(join(root, 'm', '1'), { recursive: true });
    await repository.poll();
    const missing = "no model file was found; expected 'm/1/model.onnx', 'm/model.onnx' or 'm/onnx/model.onnx'";
    assert.deepEqual(repository.index(), [{ name: 'm', version: '1', state: 'READY', reason: missing }]);
    assert.equal(await constantOf(repository.get('m')), 1);
    await putModel(root, { name: 'm', graph: addsConstant(2) });
    await writeFile(join(root, 'm.onnx'), writeOnnx(addsConstant(3)));
    await repository.poll();
    assert.match(repository.index()[0]!.reason, /^'m' and 'm\.onnx' are models of the same name/);
    assert.deepEqual(repository.readiness(), [{ model: 'm', version: '1', state: 'ready' }]);
    await rm(join(root, 'm.onnx'));
    await repository.poll();
    assert.equal(await constantOf(repository.get('m')), 2);
  });

  it('tries again at the next look where a worker was lost meanwhile', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    let tried = 0;
    const chooseProvider = () => {
      tried += 1;
      if (tried === 1) return Promise.reject(new AppError('WORKER_LOST', 'lost'));
      return Promise.resolve({ provider: 'cpu', reason: 'cpu works' } as const);
    };
    const repository = await place.open(root, { chooseProvider });
    assert.equal(repository.index()[0]?.state, 'UNAVAILABLE');
    await repository.poll();
    assert.equal(await constantOf(repository.get('m')), 1);
  });

  it('does not try a broken model again as long as nothing near it changes', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1), config: { warmup: 1 } });
    let tried = 0;
    const chooseProvider = () => {
      tried += 1;
      return Promise.reject(new AppError('DEVICE_UNAVAILABLE', 'no device'));
    };
    const repository = await place.open(root, { chooseProvider });
    await writeFile(join(root, 'm', 'model.json'), '{}');
    for (let look = 0; look < 3; look++) await repository.poll();
    assert.equal(tried, 1);
    assert.match(repository.index()[0]!.reason, /no device$/);
  });

  it('takes a changed model.json and changed labels as a change of the model', async () => {
    const root = await place.folder();
    const labels = join(root, 'm', 'labels.txt');
    await putModel(root, { name: 'm', graph: addsConstant(1), config: { classification: { labels: 'labels.txt' } } });
    await writeFile(labels, 'a\nb\nc\nd\n');
    const repository = await place.open(root);
    await writeFile(labels, 'a\nb\nc\ne\n');
    await repository.poll();
    assert.deepEqual(repository.get('m').labels, ['a', 'b', 'c', 'e']);
    await writeFile(labels, 'a\n');
    await repository.poll();
    assert.match(
      repository.index()[0]!.reason,
      /'labels\.txt' has 1 lines, but output 'Y' FP32 \[-1,4\] has 4 classes/,
    );
    assert.deepEqual(repository.get('m').labels, ['a', 'b', 'c', 'e']);
  });

  it('sends no request to a successor that takes other tensors', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const repository = await place.open(root);
    const old = repository.get('m');
    await putModel(root, { name: 'm', graph: identity('INT32', ['batch', 4]) });
    await repository.poll();
    await assert.rejects(old.infer(rowOf(0)), { code: 'SHUTTING_DOWN' });
    assert.equal(repository.get('m').inputs[0]?.datatype, 'INT32');
  });
});

describe('files that change under a loaded model', () => {
  it('do no harm when external weights are cut short in place', async () => {
    const root = await place.folder();
    const folder = join(root, 'm', '1');
    const { model, weights } = await putExternalModel(folder, { k: 5, location: 'data/w.bin', count: 1 << 18 });
    const repository = await place.open(root);
    const loaded = repository.get('m');
    assert.deepEqual(loaded.notes, []);
    await truncate(weights, 0);
    await truncate(model, 10);
    assert.equal(await constantOf(loaded), 5);
    await repository.poll();
    assert.equal(await constantOf(repository.get('m')), 5);
    assert.equal(repository.index()[0]?.state, 'READY');
  });

  it('are used in place, with a note, where no private copy can be made', async () => {
    const root = await place.folder();
    await putExternalModel(join(root, 'm', '1'), { k: 7, location: 'w.bin' });
    const repository = await place.open(root, { temporaryFolder: '/nonexistent' });
    const model = repository.get('m');
    assert.equal(await constantOf(model), 7);
    assert.match(
      model.notes[0]!,
      /^The model's files are used in place, since no private copy could be made \(ENOENT.*\): do not change them while they are served\.$/,
    );
  });

  it('leave one copy for each loaded version, none for failed and unloaded ones', async () => {
    const [root, temporaryFolder] = [await place.folder(), await place.folder()];
    const path = await putModel(root, { name: 'm', graph: addsConstant(1) });
    await putModel(root, { name: 'broken', graph: addsConstant(1), config: { classification: { output: 'Z' } } });
    const repository = await place.open(root, { temporaryFolder });
    const copies = async () => {
      const [home] = await readdir(temporaryFolder);
      return (await readdir(join(temporaryFolder, home!))).length;
    };
    assert.equal(await copies(), 1);
    await writeFile(path, writeOnnx(addsConstant(2)));
    await repository.poll();
    assert.equal(await copies(), 1);
    await repository.unload('m');
    assert.equal(await copies(), 0);
  });
});
