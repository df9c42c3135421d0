import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { TrustStore, type ShippedProofs } from '../../../src/repository/proof/trust-store.js';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import type { ModelRepository } from '../../../src/repository/types.js';
import type { Runner } from '../../../src/workers/runner.js';
import { runsForMinutes, integerDivision, putModel } from '../../support/models.js';
import { endTrial } from './end-trial.js';
import { addsConstant, constantOf, useWorkplace } from '../workplace.js';

const place = useWorkplace();

const trustIn = (folder: string, shipped: ShippedProofs = {}) =>
  new TrustStore({
    folder,
    userId: process.getuid?.(),
    runtimeVersion: place.runner.status().runtimeVersion,
    shipped,
    clock: () => 1_700_000_000_000,
  });

/** The runner, with the loads and runs that were asked of it written down: `trial` or `load`, and `run` for each run of a trial. */
function watched(watchedRunner: Runner = place.runner): { readonly runner: Runner; readonly steps: string[] } {
  const steps: string[] = [];
  const runner: Runner = {
    load: async (spec, options) => {
      const kind = options.trial === undefined ? 'load' : 'trial';
      steps.push(kind);
      const session = await watchedRunner.load(spec, options);
      const runOn: typeof session.runOn = (instance, job) => {
        steps.push(`run in ${kind}`);
        return session.runOn(instance, job);
      };
      return new Proxy(session, { get: (target, name) => (name === 'runOn' ? runOn : bound(target, name)) });
    },
  };
  return { runner, steps };
}

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
}

const trialsIn = (steps: readonly string[]) => steps.filter((step) => step === 'trial').length;
const reasonOf = (repository: ModelRepository, name: string) =>
  repository.index().find((entry) => entry.name === name)?.reason ?? '';

describe('a model that nobody tried before', () => {
  it('is tried once: later loads take over what was found', async () => {
    const [root, parent] = [await place.folder(), await place.folder()];
    const folder = join(parent, 'cache', 'trust');
    const path = await putModel(root, { name: 'm', graph: addsConstant(1) });
    const first = watched();
    const model = (await place.open(root, { runner: first.runner, trust: trustIn(folder) })).get('m');
    assert.match(model.trial, /^tried in a process of its own in [\d.]+ s$/);
    assert.deepEqual([trialsIn(first.steps), await constantOf(model), model.config.batching.maxRows], [1, 1, 32]);
    assert.ok(first.steps.indexOf('trial') < first.steps.indexOf('load'), 'it was loaded here before it was tried');
    const [record] = await readdir(folder);
    const modes = await Promise.all(
      [folder, join(folder, record ?? '')].map(async (each) => (await stat(each)).mode & 0o777),
    );
    assert.deepEqual(modes, [0o700, 0o600]);
    const second = watched();
    const repository = await place.open(root, { runner: second.runner, trust: trustIn(folder) });
    const again = repository.get('m');
    assert.equal(again.trial, 'none: it was tried before');
    assert.deepEqual([again.config, again.notes], [model.config, model.notes]);
    assert.equal(trialsIn(second.steps), 0);
    await writeFile(path, writeOnnx(addsConstant(2)));
    await repository.poll();
    assert.deepEqual([trialsIn(second.steps), await constantOf(repository.get('m'))], [1, 2]);
  });

  it('keeps its verdict on batching and the note in the record', async () => {
    const [root, folder] = [await place.folder(), await place.folder()];
    const graph = { ...addsConstant(1), nodes: [{ op: 'CumSum', inputs: ['X', 'k'], outputs: ['Y'] }] };
    const axis = { name: 'k', datatype: 'INT32', shape: [], data: Int32Array.of(0) } as const;
    await putModel(root, { name: 'm', graph: { ...graph, initializers: [axis] } });
    const notes: (readonly string[])[] = [];
    for (const count of [1, 2]) {
      const model = (await place.open(root, { trust: trustIn(folder) })).get('m');
      assert.equal(model.config.batching.maxRows, 0, `load ${count}`);
      notes.push(model.notes);
    }
    assert.match(notes[0]?.[0] ?? '', /^Batching is off: node 'Y' \(CumSum\)/);
    assert.deepEqual(notes[1], notes[0]);
  });

  it('is tried again where its record is damaged, its settings changed, or others can write the records', async () => {
    const [root, folder] = [await place.folder(), await place.folder()];
    await putModel(root, { name: 'm', graph: addsConstant(1), config: {} });
    const trials = async () => {
      const { runner, steps } = watched();
      const model = (await place.open(root, { runner, trust: trustIn(folder) })).get('m');
      return [trialsIn(steps), model.trial] as const;
    };
    assert.equal((await trials())[0], 1);
    const [record = ''] = await readdir(folder);
    for (const text of [
      '',
      '{"batching":"asConf',
      '{}',
      '{"batching":"on","notes":[]}',
      '{"batching":"off","notes":[1]}',
      'null',
    ]) {
      await writeFile(join(folder, record), text);
      assert.equal((await trials())[0], 1, text);
      assert.equal((await trials())[0], 0);
    }
    await writeFile(join(root, 'm', 'model.json'), '{"batching":{"maxRows":4}}');
    assert.equal((await trials())[0], 1);
    await chmod(folder, 0o777);
    const [count, how] = await trials();
    assert.equal(count, 1);
    assert.match(how, /again at the next start \(The cache folder .* with mode 777/);
  });

  it('is not run anywhere with "warmup": false, though it is loaded apart first', async () => {
    const [root, folder] = [await place.folder(), await place.folder()];
    await putModel(root, { name: 'm', graph: runsForMinutes, config: { warmup: false } });
    const { runner, steps } = watched(await place.sharing(join(folder, 'cache')));
    const model = (await place.open(root, { runner, trust: trustIn(join(folder, 'trust')) })).get('m');
    assert.deepEqual(steps, ['trial', 'load']);
    assert.match(model.weights, /^not shared: nothing is run before the first request/);
  });

  it('that ends its process is failed by the reason, and the process is started again for the others', async () => {
    const [root, folder, lot] = [await place.folder(), await place.folder(), await place.folder()];
    const names = ['a', 'b', 'c'];
    for (const name of names) await putModel(lot, { name, graph: addsConstant(name.charCodeAt(0)) });
    await putModel(root, { name: 'bad', graph: runsForMinutes });
    const search = new AbortController();
    const killed = endTrial('SIGKILL', search.signal);
    const repository = await place.begin(root, { trust: trustIn(folder) });
    for (const name of names) await rename(join(lot, name), join(root, name));
    const polled = repository.poll();
    await repository.settled().finally(() => search.abort());
    await killed;
    await polled;
    assert.deepEqual(
      repository.ready().map(({ name }) => name),
      names,
    );
    assert.match(
      reasonOf(repository, 'bad'),
      /'bad' version 1 cannot be loaded: It was tried in a process of its own first, which ended while it was warmed up: .*signal SIGKILL/,
    );
    await mkdir(join(root, 'bad', '2'));
    await writeFile(join(root, 'bad', '2', 'model.onnx'), writeOnnx(addsConstant(5)));
    await repository.poll();
    assert.equal(await constantOf(repository.get('bad')), 5);
  });

  it('has no trial where its graph makes it run apart, and needs none where it came with the server', async () => {
    const [root, folder] = [await place.folder(), await place.folder()];
    await putModel(root, { name: 'division', graph: integerDivision() });
    const { runner, steps } = watched();
    const repository = await place.open(root, { runner, trust: trustIn(folder) });
    assert.equal(repository.get('division').trial, 'none: it runs apart');
    assert.equal(trialsIn(steps), 0);
  });
});
