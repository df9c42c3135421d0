import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { formatInspections } from '../../../src/server/inspect/inspection-text.js';
import { inspect } from '../../../src/server/inspect/inspect.js';
import { putColours, putFaces, putPipeline } from '../../integration/pipelines/models.js';
import { temporaryFolder } from '../../support/folder.js';
import { jsonOf, send } from '../../support/http.js';
import { serveFor } from '../../support/server.js';

const folder = temporaryFolder('inspect-pipelines-');
const faces = { name: 'faces', model: 'faces' };
const on = (model: string, more: object = {}) => ({ name: 'on', model, crop: { of: 'faces' }, ...more });

describe('slipway inspect of pipelines', () => {
  before(async () => {
    await putFaces(folder);
    await putColours(folder);
    await putPipeline(folder, 'good', { description: 'colours of faces', steps: [faces, on('colours')] });
    await putPipeline(folder, 'outer', { steps: [{ name: 'inner', model: 'good' }] });
    await putPipeline(folder, 'missing', { steps: [faces, on('absent')] });
    await putPipeline(folder, 'old', { steps: [faces, on('colours', { version: '7' })] });
    await putPipeline(folder, 'round', { steps: [{ name: 'a', model: 'trip' }] });
    await putPipeline(folder, 'trip', { steps: [{ name: 'b', model: 'round' }] });
    await putPipeline(folder, 'wrong', { steps: [{ ...faces, crops: {} }] });
    await putPipeline(folder, 'both', { steps: [faces] });
    await putPipeline(folder, 'onbroken', { steps: [{ name: 'broken', model: 'broken' }] });
    await writeFile(join(folder, 'both', 'model.onnx'), 'no model');
    await writeFile(join(folder, 'broken.onnx'), 'no model');
  });

  it('says of each what the server says: served, or refused and why', async (context) => {
    const { pipelines } = await inspect(folder);
    const { url } = await serveFor(context, { folder });
    const answer = await send(url, { path: '/v2/repository/index', method: 'POST', body: '{}' });
    const index = jsonOf(answer) as readonly {
      readonly name: string;
      readonly state: string;
      readonly reason: string;
    }[];
    assert.deepEqual(
      pipelines.map(({ name }) => name),
      ['both', 'good', 'missing', 'old', 'onbroken', 'outer', 'round', 'trip', 'wrong'],
    );
    for (const { name, state, reason = '' } of pipelines) {
      const served = index.filter((one) => one.name === name).at(-1);
      assert.equal(served?.state, state === 'servable' ? 'READY' : 'UNAVAILABLE', name);
      if (!['both', 'old', 'onbroken'].includes(name)) assert.equal(reason, served.reason, name);
    }
    const reasonOf = (name: string) => pipelines.find((one) => one.name === name)?.reason ?? '';
    assert.match(reasonOf('round'), /form a cycle: 'round' -> 'trip' -> 'round'/);
    assert.match(reasonOf('missing'), /step 'on': model 'absent' is not ready: there is no such model/);
    assert.match(reasonOf('old'), /there is no such version in the model repository: it has only 1$/);
    assert.match(reasonOf('both'), /holds a model as well/);
    assert.match(reasonOf('onbroken'), /model 'broken' is not ready: .*model file cannot be read/i);
  });

  it('takes the folder of one pipeline with the models beside it', async () => {
    const { models, pipelines } = await inspect(join(folder, 'good'));
    assert.deepEqual(models, []);
    assert.deepEqual(
      pipelines.map(({ name, path, state }) => [name, path, state]),
      [['good', join(folder, 'good', 'pipeline.json'), 'servable']],
    );
    assert.deepEqual(
      pipelines[0]?.steps?.map(({ name, state, crop }) => [name, state, crop?.of]),
      [
        ['faces', 'servable', undefined],
        ['on', 'servable', 'faces'],
      ],
    );
  });

  it('does not ask other servers, finds pipelines where there is no model, and prints a line for each step', async () => {
    const alone = temporaryFolder('inspect-pipelines-');
    const url = 'http://127.0.0.1:1';
    await putPipeline(alone, 'far', { steps: [{ ...faces, url, version: '2' }, on('absent')] });
    const found = await inspect(alone);
    assert.deepEqual([found.models.length, found.pipelines[0]?.steps?.[0]?.state], [0, 'not asked']);
    const text = formatInspections(found);
    for (const line of [
      /^far {2}\S+\/far\/pipeline\.json$/m,
      /^ {2}✗ refused: step 'on': model 'absent' is not ready: there is no such model in the model repository$/m,
      /^ {2}task {2}pipeline$/m,
      /^ {2}step {2}faces: model 'faces' at http:\/\/127\.0\.0\.1:1, version 2 \(another server, which is not asked\)$/m,
      /^ {2}step {2}on: model 'absent', on boxes of faces ✗ model 'absent' is not ready: there is no such model/m,
    ])
      assert.match(text, line);
    assert.match(formatInspections(await inspect(folder)), /^ {2}description {2}colours of faces$/m);
    assert.match(formatInspections(await inspect(join(folder, 'wrong'))), /refused: pipeline\.json is wrong: .*crops/);
  });
});
