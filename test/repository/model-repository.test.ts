import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { identity, putModel, sumAndDifference } from '../support/models.js';
import { addsConstant, constantOf, useWorkplace } from './workplace.js';

const place = useWorkplace();

describe('openRepository', () => {
  it('serves models of all three layouts', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'versioned', graph: addsConstant(1) });
    await mkdir(join(root, 'plain'));
    await writeFile(join(root, 'plain', 'model.onnx'), writeOnnx(addsConstant(2)));
    await writeFile(join(root, 'plain', 'model.json'), '{"description":"two"}');
    await writeFile(join(root, 'lone.onnx'), writeOnnx(addsConstant(3)));
    const repository = await place.open(root);
    assert.deepEqual(
      repository.ready().map(({ name, version, description }) => [name, version, description]),
      [
        ['lone', '1', ''],
        ['plain', '1', 'two'],
        ['versioned', '1', ''],
      ],
    );
    assert.deepEqual(await Promise.all(repository.ready().map(constantOf)), [3, 2, 1]);
    assert.deepEqual(
      repository.readiness(),
      ['lone', 'plain', 'versioned'].map((model) => ({ model, version: '1', state: 'ready' })),
    );
  });

  it('tells what a model is before anyone asks it anything', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 }, warmup: false } });
    const model = (await place.open(root)).get('m');
    assert.deepEqual(model.inputs, [
      { name: 'A', datatype: 'INT32', shape: [-1, 16] },
      { name: 'B', datatype: 'INT32', shape: [-1, 16] },
    ]);
    assert.equal(model.config.batching.maxRows, 8);
    assert.deepEqual([model.placement.device, model.instances, model.notes], ['cpu', 2, []]);
    assert.deepEqual(model.header.operators, { Add: 1, Sub: 1 });
  });

  it('shows a broken model with its reason and serves the others', async () => {
    const root = await place.folder();
    const unknownOperator = { ...addsConstant(1), nodes: [{ op: 'Nope', inputs: ['X'], outputs: ['Y'] }] };
    await putModel(root, { name: 'good', graph: addsConstant(1) });
    await putModel(root, { name: 'typo', graph: addsConstant(1), config: { batchin: {} } });
    await putModel(root, { name: 'op', graph: unknownOperator });
    await mkdir(join(root, 'cut', '1'), { recursive: true });
    await writeFile(join(root, 'cut', '1', 'model.onnx'), writeOnnx(addsConstant(1)).subarray(0, 60));
    await mkdir(join(root, 'empty', '1'), { recursive: true });
    await mkdir(join(root, 'misnamed'));
    for (const name of ['net.onnx', 'other.onnx']) {
      await writeFile(join(root, 'misnamed', name), writeOnnx(addsConstant(1)));
    }
    const repository = await place.open(root);
    assert.equal(await constantOf(repository.get('good')), 1);
    const reasons = new Map(repository.index().map(({ name, state, reason }) => [name, `${state} ${reason}`]));
    const failed = (name: string) => `^UNAVAILABLE Model '${name}' version 1 cannot be loaded: `;
    assert.match(
      reasons.get('typo')!,
      new RegExp(`${failed('typo')}model\\.json is wrong: batchin is not a known key`),
    );
    assert.match(reasons.get('op')!, new RegExp(`${failed('op')}.*Nope`));
    assert.match(reasons.get('cut')!, new RegExp(`${failed('cut')}The model file cannot be read: `));
    assert.match(
      reasons.get('empty')!,
      new RegExp(`${failed('empty')}the version folder '1' holds no file model\\.onnx$`),
    );
    assert.match(reasons.get('misnamed')!, new RegExp(`${failed('misnamed')}'misnamed' holds several ONNX files`));
    assert.equal(reasons.get('good'), 'READY ');
    const readiness = repository.readiness();
    assert.deepEqual(
      readiness.flatMap(({ model, state }) => (state === 'ready' ? model : [])),
      ['good'],
    );
    assert.deepEqual(
      readiness.flatMap((each) => (each.state === 'failed' ? each.code : [])),
      Array(5).fill('MODEL_INVALID'),
    );
    const failure = "Model 'typo' version 1 cannot be loaded";
    for (const [name, version, message] of [
      ['typo', '1', `Model 'typo' version 1 is not at ready state. ${failure}`],
      ['typo', undefined, `Model 'typo' has no available versions. ${failure}`],
      [
        'misnamed',
        undefined,
        "Model 'misnamed' has no available versions. Model 'misnamed' version 1 cannot be loaded: 'misnamed' holds several",
      ],
    ] as const) {
      const code = version === undefined ? 'MODEL_NOT_FOUND' : 'MODEL_NOT_READY';
      assert.throws(() => repository.get(name, version), { code, message: new RegExp(`^${message}`) });
    }
  });

  it('refuses what nobody put there', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const repository = await place.open(root);
    const notFound = (message: string) => ({ code: 'MODEL_NOT_FOUND', message });
    for (const name of ['x', '../m']) {
      const message = `Request for unknown model: '${name}' is not found; the server has 'm'`;
      assert.throws(() => repository.get(name), notFound(message));
    }
    for (const version of ['99', 'abc', '01', '9'.repeat(30)]) {
      const message = `Request for unknown model: 'm' version ${version} is not found; it has the versions '1'`;
      assert.throws(() => repository.get('m', version), notFound(message));
    }
    for (const name of ['..', '', ' ', '../m', 'a/b', 'a\\b', 'a\0b']) {
      for (const call of [() => repository.load(name), () => repository.unload(name)]) {
        await assert.rejects(call, { code: 'INVALID_INPUT', message: /invalid model name/ });
      }
    }
    const nowhere = "failed to load 'x', failed to poll from model repository: it holds no such model";
    await assert.rejects(repository.load('x'), notFound(nowhere));
    const notThere = "failed to unload 'x': the model repository holds no such model";
    await assert.rejects(repository.unload('x'), notFound(notThere));
  });

  it('says so when the folder is missing', async () => {
    await assert.rejects(place.open('/nonexistent/models'), {
      code: 'NOT_FOUND',
      message:
        /^The model repository '\/nonexistent\/models' cannot be read \(there is no such folder\)\. Expected a folder with models\.$/,
    });
  });

  it('serves the latest version unless model.json says otherwise', async () => {
    const root = await place.folder();
    const policies = { latest: {}, all: { versions: 'all' }, some: { versions: [2, 7] } };
    for (const [name, config] of Object.entries(policies)) {
      for (const version of ['1', '2', '10']) {
        await putModel(root, { name, version, graph: addsConstant(Number(version)), config });
      }
    }
    const repository = await place.open(root);
    const names = Object.keys(policies);
    assert.deepEqual(
      names.map((name) => repository.versions(name)),
      [['10'], ['1', '2', '10'], ['2']],
    );
    assert.deepEqual(await Promise.all(names.map((name) => constantOf(repository.get(name)))), [10, 10, 2]);
    assert.equal(await constantOf(repository.get('all', '1')), 1);
    assert.throws(() => repository.get('latest', '1'), {
      code: 'MODEL_NOT_READY',
      message: `Model 'latest' version 1 is not at ready state. Model 'latest' version 1 is not loaded: only the highest version is, unless model.json has "versions": "all" or a list.`,
    });
    assert.throws(() => repository.get('some', '7'), {
      code: 'MODEL_NOT_READY',
      message:
        /Model 'some' version 7 cannot be loaded: model\.json names version 7, but there is no such version folder$/,
    });
    const unready = repository.readiness().find(({ state }) => state !== 'ready');
    assert.deepEqual([unready?.model, unready?.version], ['some', '7']);
  });

  it('unloads on request, does not come back by polling, and loads again on request', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const repository = await place.open(root);
    await repository.unload('m');
    await repository.poll();
    const reason = 'it was unloaded on request';
    assert.deepEqual(repository.index(), [{ name: 'm', version: '1', state: 'UNAVAILABLE', reason }]);
    assert.deepEqual(repository.readiness(), []);
    assert.throws(() => repository.get('m'), {
      code: 'MODEL_NOT_FOUND',
      message: `Model 'm' has no available versions. Model 'm' version 1 is not loaded: ${reason}.`,
    });
    await repository.load('m');
    assert.equal(await constantOf(repository.get('m')), 1);
  });

  it('loads with another configuration on request, and refuses a wrong one without harm', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1), config: { description: 'disk' } });
    const repository = await place.open(root);
    await repository.load('m', { configText: '{"description":"request"}' });
    await repository.poll();
    assert.equal(repository.get('m').description, 'request');
    const wrong = repository.load('m', { configText: '{"descriptio":1}' });
    await assert.rejects(wrong, { code: 'MODEL_INVALID', message: /descriptio is not a known key/ });
    assert.equal(repository.get('m').description, 'request');
    await repository.load('m');
    assert.equal(repository.get('m').description, 'disk');
  });

  it('takes up new, changed and vanished models when it looks at the disk', async () => {
    const root = await place.folder();
    for (const name of ['stays', 'changes', 'goes']) await putModel(root, { name, graph: addsConstant(1) });
    const repository = await place.open(root);
    const stays = repository.get('stays');
    await rm(join(root, 'goes'), { recursive: true });
    await putModel(root, { name: 'changes', graph: addsConstant(2) });
    await putModel(root, { name: 'comes', graph: addsConstant(5) });
    await repository.poll();
    assert.deepEqual(
      repository.index().map(({ name, state }) => [name, state]),
      [
        ['changes', 'READY'],
        ['comes', 'READY'],
        ['stays', 'READY'],
      ],
    );
    assert.deepEqual(await Promise.all(['comes', 'changes'].map((name) => constantOf(repository.get(name)))), [5, 2]);
    assert.equal(repository.get('stays'), stays, 'a model that did not change was reloaded');
  });

  it('does not reload for a new time stamp on the same bytes', async () => {
    const root = await place.folder();
    const path = await putModel(root, { name: 'm', graph: addsConstant(1) });
    const repository = await place.open(root);
    const before = repository.get('m');
    await copyFile(path, `${path}.tmp`);
    await rm(path);
    await copyFile(`${path}.tmp`, path);
    await repository.poll();
    assert.equal(repository.get('m'), before);
  });

  it('counts requests, rows, runs and failures', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const model = (await place.open(root)).get('m');
    await Promise.all([constantOf(model), constantOf(model)]);
    const counts = model.statistics.snapshot();
    assert.equal(counts.lastInferenceMs, 1_700_000_000_000);
    assert.deepEqual(
      [counts.inferenceCount, counts.success.count, counts.queue.count, counts.fail.count],
      [2, 2, 2, 0],
    );
    const sum = (of: (batch: (typeof counts.batches)[number]) => number) =>
      counts.batches.reduce((all, b) => all + of(b), 0);
    assert.equal(
      sum(({ computeInfer }) => computeInfer.count),
      counts.executionCount,
    );
    assert.equal(
      sum(({ batchSize, computeInfer }) => batchSize * computeInfer.count),
      2,
    );
    assert.ok(counts.success.ns >= counts.queue.ns && counts.computeInfer.ns > 0);
  });

  it('refuses work after closing and leaves no copies behind', async () => {
    const [root, temporaryFolder] = [await place.folder(), await place.folder()];
    await putModel(root, { name: 'm', graph: identity('FP32', ['n', 4]) });
    const repository = await place.open(root, { temporaryFolder });
    const model = repository.get('m');
    const running = constantOf(model);
    await repository.close();
    assert.equal(await running, 0);
    await assert.rejects(constantOf(model), { code: 'SHUTTING_DOWN' });
    await assert.rejects(repository.load('m'), { code: 'SHUTTING_DOWN' });
    assert.throws(() => repository.get('m'), { code: 'SHUTTING_DOWN' });
    assert.deepEqual(await readdir(temporaryFolder), []);
  });
});
