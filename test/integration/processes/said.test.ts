import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { jsonOf, send } from '../../support/http.js';
import { failsOnLargeIndex, sumAndDifference } from '../../support/models.js';
import { serveFor } from '../../support/server.js';
import { folderWith, startProcess } from '../../support/server-process.js';

const m = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };
const broken = { name: 'broken', graph: sumAndDifference, config: { colour: 'red' } };
/** Cannot be tried with made-up inputs: batching is off, with a note. */
const mixes = {
  name: 'mixes',
  graph: {
    name: 'mixes',
    inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 4] }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 4] }],
    nodes: [{ op: 'CumSum', inputs: ['X', 'axis'], outputs: ['Y'] }],
    initializers: [{ name: 'axis', datatype: 'INT64', shape: [], data: BigInt64Array.of(0n) }],
  },
} as const;

async function metric(url: string, name: string): Promise<readonly string[]> {
  const text = (await send(url, { path: '/metrics' })).body.toString();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .sort();
}

describe('what happens to models while a server runs', () => {
  it('is one line of the log each, and counted', async (context) => {
    const { url, folder, lines } = await serveFor(context, {
      models: [m, broken],
      flags: ['--log-format', 'json'],
    });
    const events = () => lines.filter(({ message }) => message !== 'audit');
    const told = () =>
      events().map(({ level, message, model }) => `${String(level)} ${String(message)} ${String(model)}`);
    const control = (name: string, action: string) =>
      send(url, { path: `/v2/repository/models/${name}/${action}`, body: '' });
    assert.deepEqual(told().sort(), ['error model failed to load broken', 'info model loaded m']);
    const load = lines.find(({ model }) => model === 'm');
    assert.deepEqual([load?.['version'], load?.['device'], typeof load?.['ms']], ['1', 'cpu', 'number']);
    const failure = lines.find(({ model }) => model === 'broken');
    assert.equal(failure?.['code'], 'MODEL_INVALID');
    assert.match(String(failure['reason']), /colour/);
    assert.equal((await control('broken', 'load')).status, 400);
    const path = join(folder, 'm', '1', 'model.onnx');
    await writeFile(path, writeOnnx(sumAndDifference).subarray(0, 60));
    await control('m', 'load');
    await writeFile(path, writeOnnx(sumAndDifference));
    await control('m', 'load');
    await control('m', 'load');
    await control('m', 'unload');
    assert.deepEqual(told().slice(2), [
      'warn model failed to reload: the previous load keeps serving m',
      'info model repaired: it serves again m',
      'info model reloaded m',
      'info model unloaded m',
    ]);
    assert.deepEqual(await metric(url, 'slipway_model_loads_total'), [
      'slipway_model_loads_total{model="broken",result="failed"} 2',
      'slipway_model_loads_total{model="m",result="failed"} 1',
      'slipway_model_loads_total{model="m",result="loaded"} 1',
      'slipway_model_loads_total{model="m",result="reloaded"} 1',
      'slipway_model_loads_total{model="m",result="repaired"} 1',
    ]);
    assert.deepEqual(await metric(url, 'slipway_model_unloads_total'), ['slipway_model_unloads_total{model="m"} 1']);
    assert.deepEqual(await metric(url, 'slipway_models_not_ready'), [
      'slipway_models_not_ready{state="failed"} 1',
      'slipway_models_not_ready{state="loading"} 0',
    ]);
    await control('m', 'load');
    assert.deepEqual(await metric(url, 'slipway_model_ready'), [
      'slipway_model_ready{model="broken",version="1"} 0',
      'slipway_model_ready{model="m",version="1"} 1',
    ]);
  });

  it('is told with the notes of a model in its metadata, in the log and at the start', async (context) => {
    const server = startProcess(
      context,
      '--models',
      await folderWith(context, m, mixes, broken),
      '--log-format',
      'json',
    );
    const text = await server.until(/"started"/);
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const started = lines.find(({ message }) => message === 'started');
    assert.deepEqual(
      [started?.['ready'], started?.['state'], started?.['provider']],
      [false, 'degraded', 'cpu (asked for: cpu)'],
    );
    const models = started?.['models'] as readonly Record<string, unknown>[];
    assert.deepEqual(
      models.map(({ model, version, state, device }) => [model, version, state, device]),
      [
        ['broken', '1', 'UNAVAILABLE', undefined],
        ['m', '1', 'READY', 'cpu'],
        ['mixes', '1', 'READY', 'cpu'],
      ],
    );
    assert.match(String(models[0]?.['reason']), /colour/);
    const [note] = models[2]?.['notes'] as readonly string[];
    assert.match(note ?? '', /^Batching is off: /);
    assert.deepEqual(lines.find(({ model }) => model === 'mixes')?.['notes'], [note]);
    const url = String(started?.['url']);
    const metadata = jsonOf(await send(url, { path: '/v2/models/mixes' })) as { notes: unknown; properties: object };
    assert.deepEqual(metadata.notes, [note]);
    assert.equal((metadata.properties as Record<string, unknown>)['provider_reason'], 'cpu works');
    assert.equal('notes' in (jsonOf(await send(url, { path: '/v2/models/m' })) as object), false);
  });

  it('is told in lines for people where those are asked for', async (context) => {
    const server = startProcess(context, '--models', await folderWith(context, mixes), '--log-format', 'text');
    const text = await server.until(/ready in/);
    assert.match(
      text,
      /mixes\/1 +X FP32\[-1,4\] -> Y FP32\[-1,4\] {2}on cpu, loaded in [\d.]+ s\n +note: Batching is off: /,
    );
    assert.doesNotMatch(text, /model loaded/);
  });

  it('names the file that the user named and the nodes of the model, and no path over HTTP', async (context) => {
    const bad = {
      name: 'bad',
      graph: {
        name: 'bad',
        inputs: [{ name: 'X', datatype: 'FP32', shape: [2, 4] }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: [2, 3] }],
        nodes: [{ op: 'MatMul', inputs: ['X', 'W'], outputs: ['Y'] }],
        initializers: [{ name: 'W', datatype: 'FP32', shape: [3, 3], data: new Float32Array(9) }],
      },
    } as const;
    const fails = { name: 'fails', graph: failsOnLargeIndex, config: { batching: { maxRows: 0 } } };
    const server = startProcess(context, '--models', await folderWith(context, bad, fails), '--log-format', 'json');
    const url = /"url":"([^"]+)"/.exec(await server.until(/"started"/))?.[1] ?? '';
    const inputs = [{ name: 'X', datatype: 'INT64', shape: [1, 1], data: [7] }];
    const run = await send(url, { path: '/v2/models/fails/infer', body: JSON.stringify({ inputs }) });
    assert.match(run.body.toString(), /Gather node/);
    const ready = (await send(url, { path: '/v2/health/ready' })).body.toString();
    const infer = (await send(url, { path: '/v2/models/bad/infer', body: '{"inputs":[]}' })).body.toString();
    const index = (await send(url, { method: 'POST', path: '/v2/repository/index' })).body.toString();
    const version1 = (await send(url, { path: '/v1/models/bad' })).body.toString();
    for (const text of [ready, infer, index, version1]) {
      assert.match(text, /Cannot load \.\.\.\/model\.onnx on cpu: .*MatMul/);
      assert.doesNotMatch(text, /slipway-process-|slipway-models-/);
    }
    server.child.kill('SIGTERM');
    await server.ended;
    const lines = server.text().trim().split('\n');
    const failure = lines
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .find(({ message }) => message === 'model failed to load');
    assert.match(String(failure?.['reason']), /Cannot load \S+\/bad\/1\/model\.onnx on cpu: /);
    assert.doesNotMatch(server.text(), /slipway-models-/);
  });
});
