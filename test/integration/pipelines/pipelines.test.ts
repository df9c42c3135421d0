import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { jsonOf, send, type Answer } from '../../support/http.js';
import { openTestServer, type TestServer } from '../../support/server.js';
import { drawScene, putColours, putFaces, putPipeline } from './models.js';

interface Box {
  readonly box: readonly number[];
  readonly label: string;
  readonly results?: Readonly<Record<string, { predictions: { label: string; probability: number }[] }>>;
}
interface Body {
  readonly device: string;
  readonly results: Readonly<Record<string, { detections: Box[]; results: Readonly<Record<string, unknown>> }>>;
  readonly steps: readonly Readonly<Record<string, unknown>>[];
}

const find = { name: 'found', model: 'faces', options: { score: 0.4 } };
const name = { name: 'colour', model: 'colours', crop: { of: 'found', labels: ['face'] } };

let opened: TestServer & { stop(): Promise<void> };
let scene: Buffer;
const load = async (pipeline: string): Promise<Answer> =>
  send(opened.url, { path: `/v2/repository/models/${pipeline}/load`, body: '{}' });
const ask = (pipeline: string, body: Uint8Array | string = scene, headers: Record<string, string> = {}) =>
  send(opened.url, { path: `/predictions/${pipeline}`, body, headers });
const bodyOf = (answer: Answer): Body => {
  assert.equal(answer.status, 200, answer.body.toString());
  return jsonOf(answer) as Body;
};
const errorOf = (answer: Answer): string => (jsonOf(answer) as { error: string }).error;

/** Puts a pipeline and loads it. */
async function serve(pipeline: string, steps: readonly object[]): Promise<void> {
  await putPipeline(opened.folder, pipeline, { steps });
  await load(pipeline);
}

before(async () => {
  scene = await drawScene();
  opened = await openTestServer();
  await putFaces(opened.folder);
  await putColours(opened.folder);
  for (const model of ['faces', 'colours']) await load(model);
  await serve('named', [find, name]);
});
after(() => opened.stop());

describe('a pipeline of models of one server', () => {
  it('answers what its steps say, those on boxes with their boxes, and each step with its time and device', async () => {
    const { device, results, steps } = bodyOf(await ask('named'));
    assert.equal(device, 'cpu');
    const found = results['found']!.detections;
    assert.deepEqual(
      found.map(({ box, label }) => [label, ...box.map(Math.round)]),
      [
        ['face', 10, 20, 50, 60],
        ['face', 120, 10, 160, 90],
        ['hand', 60, 70, 90, 100],
        ['face', 180, 40, 200, 80],
      ],
    );
    const best = found.map((one) => one.results?.['colour']?.predictions[0]);
    assert.deepEqual(
      best.map((one) => one && [one.label, one.probability]),
      [['red', 1], ['green', 1], undefined, ['blue', 1]],
    );
    assert.deepEqual(
      steps.map(({ ms, ...rest }) => (assert.ok(Number(ms) > 0), rest)),
      [
        { name: 'found', model: 'faces', model_version: '1', device: 'cpu', calls: 1 },
        { name: 'colour', model: 'colours', model_version: '1', device: 'cpu', calls: 3, left_out: 0, skipped: 0 },
      ],
    );
  });

  it('answers in the order of its steps, though an earlier one ends later', async () => {
    await serve('ordered', [
      { name: 'inner', model: 'named' },
      { name: 'whole', model: 'colours' },
    ]);
    for (let n = 0; n < 5; n += 1) {
      const { results, steps } = bodyOf(await ask('ordered'));
      assert.deepEqual(Object.keys(results), ['inner', 'whole']);
      assert.deepEqual(
        steps.map((step) => step['name']),
        ['inner', 'whole'],
      );
    }
  });

  it('adds the margin on each side, cut at the edges, and squares what is asked to be square', async () => {
    const wide = { ...name, crop: { of: 'found', labels: ['face'], margin: 0.5 } };
    const square = { ...name, name: 'squared', crop: { of: 'found', labels: ['face'], square: true } };
    await serve('wider', [find, wide, square]);
    const found = bodyOf(await ask('wider')).results['found']!.detections;
    const shareOf = (n: number, step: string, label: string) =>
      found[n]!.results![step]!.predictions.find((one) => one.label === label)!.probability;
    // 40x40 of red in 60 (cut at 0: -10 to 70) x 80 pixels, beside 10x10 of white at its corner.
    assert.ok(Math.abs(shareOf(0, 'colour', 'red') - (1600 + 100) / (70 * 80)) < 0.02);
    // 40x80 of green squared to 80x80.
    assert.ok(Math.abs(shareOf(1, 'squared', 'green') - 0.5) < 0.02);
    assert.equal(shareOf(0, 'squared', 'red'), 1);
  });

  it('looks at the best boxes only where there are more than the most, and says how many were left out', async () => {
    await serve('few', [find, { ...name, crop: { of: 'found', most: 2, leastSide: 30 } }]);
    const { results, steps } = bodyOf(await ask('few'));
    assert.deepEqual(
      results['found']!.detections.map((one) => one.results?.['colour']?.predictions[0]?.label),
      ['red', 'green', undefined, undefined],
    );
    assert.deepEqual([steps[1]?.['left_out'], steps[1]?.['skipped'], steps[1]?.['calls']], [2, 0, 2]);
    await serve('large', [find, { ...name, crop: { of: 'found', leastSide: 31 } }]);
    const large = bodyOf(await ask('large'));
    assert.deepEqual([large.steps[1]?.['skipped'], large.steps[1]?.['calls']], [2, 2]);
  });

  it('cuts boxes out of images as they are seen, whatever their file says, and takes base64 and forms', async () => {
    const lying = await sharp(scene).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    const json = JSON.stringify({ image: scene.toString('base64') });
    const form = new FormData();
    form.append('image', new Blob([Uint8Array.from(scene)]));
    const request = new Request('http://localhost', { method: 'POST', body: form });
    const type = { 'content-type': request.headers.get('content-type')! };
    for (const answer of [
      await ask('named', lying),
      await ask('named', json),
      await ask('named', Buffer.from(await request.arrayBuffer()), type),
    ]) {
      const { results } = bodyOf(answer);
      assert.deepEqual(
        results['found']!.detections.map((one) => one.results?.['colour']?.predictions[0]?.label),
        ['red', 'green', undefined, 'blue'],
      );
    }
  });

  it('answers nothing for boxes where there are none', async () => {
    await serve('none', [{ ...find, options: { score: 0.99 } }, name]);
    const { results, steps } = bodyOf(await ask('none'));
    assert.deepEqual(results['found'], { detections: [] });
    assert.deepEqual([steps[1]?.['calls'], steps[1]?.['device']], [0, undefined]);
  });

  it('is listed and described as a model, counted, and has no tensors', async () => {
    const { models } = jsonOf(await send(opened.url, { path: '/v2/models' })) as { models: string[] };
    assert.ok(['colours', 'faces', 'named'].every((one) => models.includes(one)));
    const index = jsonOf(await send(opened.url, { path: '/v2/repository/index', body: '{}' })) as { name: string }[];
    assert.deepEqual(
      index.find((one) => one.name === 'named'),
      { name: 'named', version: '1', state: 'READY', reason: '' },
    );
    const metadata = jsonOf(await send(opened.url, { path: '/v2/models/named' })) as {
      properties: Record<string, string>;
    };
    assert.equal(metadata.properties['steps'], 'found: faces; colour: colours on boxes of found');
    assert.equal((await send(opened.url, { path: '/v2/models/named/ready' })).status, 200);
    const only = /has only version 1/;
    for (const [rest, says] of Object.entries({ 'versions/2': only, 'versions/2/ready': only, stats: /is a pipeline/ }))
      assert.match(errorOf(await send(opened.url, { path: `/v2/models/named/${rest}` })), says);
    const refused = await send(opened.url, { path: '/v2/models/named/infer', body: '{"inputs":[]}' });
    assert.equal(refused.status, 400);
    assert.match(errorOf(refused), /'named' is a pipeline of models, which has no tensors: send an image to POST/);
    const text = (await send(opened.url, { path: '/metrics' })).body.toString();
    assert.match(text, /slipway_requests_total\{model="named",version="1",.*status="200".*\} \d+/);
  });

  it('refuses what it cannot be asked', async () => {
    const cases: readonly (readonly [body: Uint8Array | string, path: string, status: number, text: RegExp])[] = [
      [
        JSON.stringify({ images: [scene, scene].map((one) => one.toString('base64')) }),
        'named',
        400,
        /takes one image in a request, not 2 images/,
      ],
      [JSON.stringify({ inputs: [] }), 'named', 400, /takes one image/],
      [
        JSON.stringify({ image: scene.toString('base64'), score: 0.5 }),
        'named',
        400,
        /'score': options of steps are set in pipeline.json/,
      ],
      [scene, 'named?score=0.5', 400, /"score" is not a parameter of this path/],
      [scene, 'named/versions/2', 404, /has only version 1/],
      ['no image at all', 'named', 400, /Step 'found' \(model 'faces'\): .*/],
    ];
    for (const [body, path, status, text] of cases) {
      const answer = await ask(path, body);
      assert.equal(answer.status, status, answer.body.toString());
      assert.match(errorOf(answer), text);
    }
  });

  it('says which step failed and why', async () => {
    await serve('wrong', [
      { name: 'all', model: 'colours' },
      { ...name, crop: { of: 'all' } },
    ]);
    const answer = await ask('wrong');
    assert.equal(answer.status, 502);
    assert.match(
      errorOf(answer),
      /Step 'colour' \(model 'colours'\): step 'all' answers no boxes, but predictions: expected a model of the task detection/,
    );
    await serve('asks', [{ ...find, options: { top: 3 } }]);
    const refused = await ask('asks');
    assert.equal(refused.status, 400);
    assert.match(errorOf(refused), /Step 'found' \(model 'faces'\): 'top' is for models of the task classification/);
  });

  it('is ready only while its steps are, and unloads and loads as models do', async () => {
    const ready = async () => (await send(opened.url, { path: '/v2/models/named/ready' })).status;
    await send(opened.url, { path: '/v2/repository/models/colours/unload', body: '{}' });
    assert.equal(await ready(), 404);
    const answer = await ask('named');
    assert.match(
      errorOf(answer),
      /Pipeline 'named': step 'colour': model 'colours' is not ready: it was unloaded on request/,
    );
    assert.equal((await send(opened.url, { path: '/v2/health/ready' })).status, 503);
    await load('colours');
    assert.equal(await ready(), 200);
    await send(opened.url, { path: '/v2/repository/models/named/unload', body: '{}' });
    assert.match(errorOf(await ask('named')), /it was unloaded on request/);
    await load('named');
    bodyOf(await ask('named'));
  });

  it('is refused where its steps lead in a circle, its file is wrong, or its folder holds a model', async () => {
    await putPipeline(opened.folder, 'one', { steps: [{ name: 'two', model: 'two' }] });
    await putPipeline(opened.folder, 'two', { steps: [{ name: 'self', model: 'one', url: opened.url }] });
    await putPipeline(opened.folder, 'typo', '{"steps":[{"name":"a","model":"faces","crops":{}}]}');
    await putPipeline(opened.folder, 'gone', { steps: [{ name: 'a', model: 'nowhere' }] });
    await load('typo');
    const cases: readonly (readonly [name: string, text: RegExp])[] = [
      ['one', /Pipeline 'one': its steps form a cycle: 'one' -> 'two' -> 'one'/],
      ['two', /Pipeline 'two': its steps form a cycle: 'two' -> 'one' -> 'two'/],
      [
        'typo',
        /steps\.0\.crops is not a known key, expected one of name, model, version, url, key, timeoutMs, crop, options/,
      ],
      ['gone', /step 'a': model 'nowhere' is not ready: there is no such model in the model repository/],
    ];
    for (const [pipeline, text] of cases) {
      const answer = await ask(pipeline);
      assert.equal(answer.status, 404, pipeline);
      assert.match(errorOf(answer), text);
    }
    const index = jsonOf(await send(opened.url, { path: '/v2/repository/index', body: '{}' })) as {
      name: string;
      state: string;
    }[];
    assert.equal(index.find((one) => one.name === 'one')?.state, 'UNAVAILABLE');
    const health = jsonOf(await send(opened.url, { path: '/v2/health/ready' })) as { ready: boolean };
    assert.equal(health.ready, false);
    for (const [pipeline] of cases) await rm(join(opened.folder, pipeline), { recursive: true });
    await load('named');
    assert.equal((await send(opened.url, { path: '/v2/health/ready' })).status, 200);
  });

  it('gives back what its requests hold', async () => {
    for (let n = 0; n < 3; n += 1) bodyOf(await ask('named'));
    assert.equal(opened.server.memory.usedBytes, 0);
  });
});
