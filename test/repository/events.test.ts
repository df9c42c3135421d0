import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import type { ModelEvent } from '../../src/repository/events.js';
import { putModel } from '../support/models.js';
import { addsConstant, useWorkplace } from './workplace.js';

const place = useWorkplace();

/** `kind model/version`, with what tells failures apart. */
function line(event: ModelEvent): string {
  const name = 'version' in event ? `${event.model}/${event.version}` : event.model;
  if (event.kind !== 'failure') return `${event.kind} ${name}`;
  return `failure ${name} ${event.code}${event.isServing ? ' serving' : ''}${event.isRepeated ? ' again' : ''}`;
}

async function listen(root: string): Promise<{
  readonly repository: Awaited<ReturnType<typeof place.open>>;
  readonly heard: () => readonly string[];
  readonly all: readonly ModelEvent[];
}> {
  const all: ModelEvent[] = [];
  let told = 0;
  const repository = await place.open(root, { onEvent: (event) => all.push(event) });
  const heard = () => {
    const lines = all.slice(told).map(line);
    told = all.length;
    return lines.sort();
  };
  return { repository, heard, all };
}

describe('the events of a repository', () => {
  it('tell every load, reload, failure, repair and unload once, with its time, device and reason', async () => {
    const root = await place.folder();
    const path = await putModel(root, { name: 'm', graph: addsConstant(1) });
    const broken = await putModel(root, { name: 'broken', graph: addsConstant(2), config: { colour: 'red' } });
    const { repository, heard, all } = await listen(root);
    assert.deepEqual(heard(), ['failure broken/1 MODEL_INVALID', 'load m/1']);
    const [failure, load] = ['failure', 'load'].map((kind) => all.find((event) => event.kind === kind));
    assert.ok(failure?.kind === 'failure' && load?.kind === 'load');
    assert.match(failure.reason, /^Model 'broken' version 1 cannot be loaded: .*colour/);
    assert.equal(load.servable, repository.get('m'));
    assert.ok(load.ms >= load.servable.loadMs && load.servable.loadMs > 0);
    await repository.poll();
    assert.deepEqual(heard(), [], 'nothing changed');
    await writeFile(path, writeOnnx(addsConstant(3)));
    await repository.poll();
    assert.deepEqual(heard(), ['reload m/1']);
    await writeFile(path, writeOnnx(addsConstant(3)).subarray(0, 60));
    await repository.poll();
    assert.deepEqual(heard(), ['failure m/1 MODEL_INVALID serving']);
    await assert.rejects(repository.load('m'));
    assert.deepEqual(heard(), ['failure m/1 MODEL_INVALID serving again']);
    await writeFile(path, writeOnnx(addsConstant(4)));
    await writeFile(join(broken, '..', '..', 'model.json'), '{}');
    await repository.poll();
    assert.deepEqual(heard(), ['repair broken/1', 'repair m/1']);
    await repository.unload('m');
    await rm(join(root, 'broken'), { recursive: true });
    await repository.poll();
    assert.deepEqual(heard(), ['unload broken/1', 'unload m/1']);
    const reasons = all.flatMap((event) => (event.kind === 'unload' ? [event.reason] : []));
    assert.deepEqual(reasons, ['it was unloaded on request', 'it is no longer in the model repository']);
  });

  it('tell no more of a name as long as a file than anybody reads', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'long', graph: addsConstant(1), config: { ['x'.repeat(100_000)]: 1 } });
    const { repository, all } = await listen(root);
    const [failure] = all;
    assert.ok(failure?.kind === 'failure');
    const start = "Model 'long' version 1 cannot be loaded: ";
    assert.match(failure.reason, /: model\.json is wrong: x{9000,10000} \.\.\.$/);
    assert.equal(failure.reason.length, start.length + 10_004);
    assert.equal(repository.index()[0]?.reason, failure.reason);
  });

  it('tell a folder in which no version can be found, and that it can again', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    await mkdir(join(root, 'empty'));
    await writeFile(join(root, 'empty', 'model.json'), '{}');
    const { repository, heard } = await listen(root);
    assert.deepEqual(heard(), ['failure empty MODEL_INVALID', 'load m/1']);
    await writeFile(join(root, 'm.onnx'), writeOnnx(addsConstant(2)));
    await repository.poll();
    await repository.poll();
    assert.deepEqual(heard(), ['failure m MODEL_INVALID serving']);
    await rm(join(root, 'm.onnx'));
    await repository.poll();
    assert.deepEqual(heard(), ['recovery m']);
  });

  it('tell a version that gives way to a higher one, after the higher one serves', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const { repository, all } = await listen(root);
    await putModel(root, { name: 'm', version: '2', graph: addsConstant(2) });
    await repository.poll();
    assert.deepEqual(all.map(line), ['load m/1', 'load m/2', 'unload m/1']);
  });
});
