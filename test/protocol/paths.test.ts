import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildPath, parsePath, routes, type RouteKind } from '../../src/protocol/paths.js';

describe('paths', () => {
  for (const kind of Object.keys(routes) as RouteKind[]) {
    it(`of ${kind} are built and parsed alike`, () => {
      const hasModel = routes[kind][1].includes('{model}');
      const hasVersion = routes[kind][1].includes('{version}');
      const ref = hasModel ? { model: 'a b..ü:%', ...(hasVersion ? { version: '12' } : {}) } : {};
      assert.deepEqual(parsePath(buildPath(kind, ref)), { kind, ...ref });
      assert.deepEqual(parsePath(`${buildPath(kind, ref)}?x=/y`), { kind, ...ref });
      if (hasVersion) assert.deepEqual(parsePath(buildPath(kind, { model: 'm' })), { kind, model: 'm' });
    });
  }

  it('give /v2/models/stats to the statistics, not to a model of that name', () => {
    assert.deepEqual(parsePath('/v2/models/stats'), { kind: 'stats' });
    assert.deepEqual(parsePath('/v2/models/stats/infer'), { kind: 'model-infer', model: 'stats' });
  });

  it('that nothing lies at are undefined', () => {
    for (const path of [
      '/',
      '/v3',
      '/v2/models',
      '/v2/models/m/x',
      '/v2/systemsharedmemory/status',
      '/v2x',
      '/v2/models/m/versions',
    ]) {
      assert.equal(parsePath(path), undefined, path);
    }
  });

  for (const name of ['..%2Fetc', '..', '.', '%2e%2e', 'a%2Fb', 'a%5Cb', 'a%00b', '%20', '']) {
    it(`refuse the model name '${name}' [58]`, () => {
      assert.throws(() => parsePath(`/v2/repository/models/${name}/load`), { code: 'INVALID_INPUT' });
    });
  }

  it('say that a traversal is one', () => {
    assert.throws(
      () => parsePath('/v2/repository/models/..%2Fetc/load'),
      /model name must not contain path traversal characters/,
    );
    assert.throws(() => parsePath('/v2/models/%zz'), { code: 'INVALID_INPUT', message: /percent-encoded/ });
  });

  it('keep dots inside a name', () => {
    for (const model of ['a..b', '.x', 'x.', '...'])
      assert.equal(parsePath(buildPath('model', { model }))?.model, model);
  });

  for (const version of ['abc', '1'.repeat(30), '-1', '1%2F2']) {
    it(`know no version '${version}' [5]`, () => {
      assert.throws(() => parsePath(`/v2/models/m/versions/${version}/infer`), { code: 'MODEL_NOT_FOUND' });
    });
  }
});
