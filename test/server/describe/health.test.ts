import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeServerHealth, parseServerHealth } from '../../../src/protocol/server-health.js';
import type { ModelReadiness } from '../../../src/repository/types.js';
import { healthWithoutModels, judgeHealth } from '../../../src/server/describe/health.js';
import { createPathFilter } from '../../../src/server/describe/private-paths.js';

const ready = (model: string, version = '1'): ModelReadiness => ({ model, version, state: 'ready' });
const loading = (model: string): ModelReadiness => ({
  model,
  state: 'loading',
  code: 'MODEL_NOT_READY',
  message: `Model '${model}' is loading.`,
});
const failed = (model: string, version = '1'): ModelReadiness => ({
  model,
  version,
  state: 'failed',
  code: 'DEVICE_UNAVAILABLE',
  message: `Model '${model}' version ${version} cannot be loaded: a GPU is required.`,
});

const judge = (models: readonly ModelReadiness[], readyWhen: 'all' | 'some' = 'all', isStartOver = true) =>
  judgeHealth({ models, readyWhen, isStartOver });

describe('the health of a server', () => {
  it('is ready when every model is, or when there is none', () => {
    for (const models of [[], [ready('a')], [ready('a'), ready('a', '2'), ready('b')]]) {
      const health = judge(models);
      assert.deepEqual([health.ready, health.state, health.reasons], [true, 'ready', []]);
    }
  });

  it('is starting, not yet failed, while anything loads, and names what has failed for good already', () => {
    const { ready: isReady, state, reasons, models } = judge([ready('a'), loading('b'), failed('c')]);
    assert.deepEqual([isReady, state], [false, 'starting']);
    assert.deepEqual(models, { ready: ['a'], loading: ['b'], failed: ['c'] });
    assert.deepEqual(
      reasons.map(({ code, model, version, final }) => [code, model, version, final]),
      [
        ['MODEL_NOT_READY', 'b', undefined, false],
        ['DEVICE_UNAVAILABLE', 'c', '1', true],
      ],
    );
  });

  it('is degraded with one broken model of five, and failed where nothing serves', () => {
    const names = ['a', 'b', 'c', 'd'];
    const one = judge([...names.map((name) => ready(name)), failed('e')]);
    assert.deepEqual([one.ready, one.state], [false, 'degraded']);
    assert.deepEqual(one.models, { ready: names, loading: [], failed: ['e'] });
    const all = judge(names.map((name) => failed(name)));
    assert.deepEqual([all.ready, all.state, all.models.failed], [false, 'failed', names]);
  });

  it('counts a model with a broken version as failed, while its other version still serves', () => {
    const { state, models } = judge([ready('a', '1'), failed('a', '2')]);
    assert.equal(state, 'degraded');
    assert.deepEqual(models, { ready: [], loading: [], failed: ['a'] });
  });

  it('asked to be ready when some are, is so once the start is over and one serves, whatever loads later', () => {
    assert.equal(judge([ready('a'), loading('b')], 'some', false).ready, false);
    assert.equal(judge([ready('a'), failed('b')], 'some', false).ready, false);
    assert.equal(judge([ready('a'), failed('b')], 'some').ready, true);
    assert.equal(judge([ready('a'), loading('b')], 'some').ready, true);
    assert.equal(judge([failed('a'), loading('b')], 'some').ready, false);
  });

  it('tells fifty reasons and names of each state, those first that do not pass, and how many more there are', () => {
    const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
    const whole = judge(names('f', 50).map((name) => failed(name)));
    assert.deepEqual([whole.reasons.length, whole.models.failed.length, whole.counts], [50, 50, undefined]);
    const { reasons, models, counts } = judge([
      ...names('r', 60).map((name) => ready(name)),
      ...names('l', 20).map(loading),
      ...names('f', 45).map((name) => failed(name)),
    ]);
    assert.deepEqual(
      reasons.slice(0, -1).map(({ model }) => model),
      [...names('f', 45), ...names('l', 5)],
    );
    assert.deepEqual(reasons.at(-1), {
      code: 'MODEL_NOT_READY',
      final: false,
      message:
        '15 more models or versions are not ready, 0 of them for good: POST /v2/repository/index lists them all.',
    });
    assert.deepEqual([models.ready.length, models.loading.length, models.failed.length], [50, 20, 45]);
    assert.deepEqual(counts, { ready: 60, loading: 20, failed: 45 });
    const many = judge(names('f', 5000).map((name) => failed(name)));
    assert.match(many.reasons.at(-1)?.message ?? '', /^4950 more models or versions are not ready, 4950 of them/);
    assert.equal(many.reasons.at(-1)?.final, true);
    assert.ok(JSON.stringify(encodeServerHealth(many)).length < 30_000);
  });

  it('goes over the wire and comes back as it was, with a sentence for people beside it', () => {
    for (const health of [
      judge([]),
      judge([ready('a'), loading('b'), failed('c')]),
      judge([ready('a'), failed('c')], 'some'),
      judge(Array.from({ length: 51 }, (_, n) => failed(String(n)))),
      healthWithoutModels('draining', { code: 'SHUTTING_DOWN', message: 'The server is shutting down.' }),
      healthWithoutModels('failed', { code: 'ENGINE_FAILED', message: 'No worker started.' }),
    ]) {
      const text = JSON.stringify(encodeServerHealth(health));
      assert.deepEqual(parseServerHealth(health.ready ? 200 : 503, text), health);
      assert.equal(text.includes('"error":"The server is not ready: '), !health.ready);
    }
    assert.deepEqual(encodeServerHealth(judge([ready('a')])), { ready: true });
  });

  it("takes another server's bare status for ready or not yet, with its own words as the reason", () => {
    assert.equal(parseServerHealth(200, '').state, 'ready');
    assert.equal(parseServerHealth(200, '{"ready":true}').state, 'ready');
    for (const [text, message] of [
      ['', 'it answers 503'],
      ['[]', '[]'],
      ['<html>bad gateway</html>', '<html>bad gateway</html>'],
      ['{"error":"loading"}', 'loading'],
      ['{"state":7,"reasons":[{}],"models":{"ready":5},"error":"odd"}', 'odd'],
    ] as const) {
      const health = parseServerHealth(503, text);
      assert.deepEqual([health.ready, health.state], [false, 'starting']);
      assert.deepEqual(health.reasons, [{ code: 'MODEL_NOT_READY', final: false, message }]);
    }
  });
});

describe('a text that leaves the machine', () => {
  const hide = createPathFilter(['srv', 'tmp', 'onnxruntime_src']);

  it('keeps the last part of a path and nothing before it', () => {
    assert.equal(hide("open '/srv/my models/m/1/model.onnx' failed"), "open '.../model.onnx' failed");
    assert.equal(
      hide('Cannot load /tmp/slipway-1/model-x/model.onnx on cpu: no.'),
      'Cannot load .../model.onnx on cpu: no.',
    );
    assert.equal(hide('/onnxruntime_src/core/graph.cc:123 void f()'), '.../graph.cc:123 void f()');
    assert.equal(hide('at file:///srv/app/x.js:1:2, (/tmp/y)'), 'at .../x.js:1:2, (.../y)');
  });

  it('takes a name that a client chose to be a million slashes in linear time', () => {
    const slashes = '/'.repeat(1_000_000);
    assert.equal(hide(`model '/tmp${slashes}x' and '/tmp${slashes}'`), "model '.../x' and '.../tmp'");
  });

  it("keeps the runtime's node names, which look like paths, addresses and ratios", () => {
    for (const text of [
      "running Conv node. Name:'/model/layers.0/conv/Conv' failed",
      'node /encoder/layer.0/attention/self/MatMul',
      'see http://127.0.0.1/srv/models for GB/tmp/s, or /srv',
    ]) {
      assert.equal(hide(text), text);
    }
  });
});
