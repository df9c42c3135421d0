import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fastify } from 'fastify';
import { bodyBytesOf, DirectRoutes } from '../../../src/server/http/direct.js';

const [infer, inferVersion, load] = [() => undefined, () => undefined, () => undefined];

function openRoutes(): DirectRoutes {
  const routes = new DirectRoutes();
  routes.add('/v2/models/:model/infer', infer);
  routes.add('/v2/models/:model/versions/:version/infer', inferVersion);
  routes.add('/v2/repository/models/:model/load', load);
  return routes;
}

describe('routes past the framework', () => {
  it('find a plain path with its parameters, the same each time it is asked', () => {
    const routes = openRoutes();
    for (let n = 0; n < 2; n++) {
      assert.deepEqual(routes.find('/v2/models/a-b_c.1/infer'), {
        url: '/v2/models/:model/infer',
        handler: infer,
        params: { model: 'a-b_c.1' },
        query: {},
      });
      assert.deepEqual(routes.find('/v2/models/m/versions/12/infer'), {
        url: '/v2/models/:model/versions/:version/infer',
        handler: inferVersion,
        params: { model: 'm', version: '12' },
        query: {},
      });
      assert.equal(routes.find('/v2/repository/models/m/load')?.handler, load);
    }
  });

  it('read a query of whole pairs as the framework reads it', async () => {
    const app = fastify();
    app.get('/x', ({ query }) => query as object);
    for (const text of [
      'max=1&score=0',
      'top=5',
      'score=0.25&iou=.5&max=-1',
      'a1_b=x_y',
      'constructor=1&to_string=2',
    ]) {
      const query = openRoutes().find(`/v2/models/m/infer?${text}`)?.query;
      assert.deepEqual(query, (await app.inject(`/x?${text}`)).json(), text);
    }
    await app.close();
  });

  it('leave every other query to the framework: what is to be decoded, half a pair, and a name that comes twice', () => {
    for (const text of [
      '',
      '?',
      'top',
      'top=',
      '=1',
      'top=1&',
      '&top=1',
      'top=1&&max=2',
      'top=1&top=2',
      'top=1&max=2&top=1',
      'top=%31',
      't%6Fp=1',
      'top=1+2',
      'top=1=2',
      'top=1;max=2',
      'top=1#x',
      'top[]=1',
      '__proto__=1',
      'top=é',
      Array.from({ length: 17 }, (_, n) => `a${n}=1`).join('&'),
    ]) {
      assert.equal(openRoutes().find(`/v2/models/m/infer?${text}`), undefined, text);
    }
  });

  it('leave every other path to the framework: what is to be decoded, cut off or set right, and what no route has', () => {
    const routes = openRoutes();
    for (const path of [
      '/v2/models/%6D/infer',
      '/v2/models/m/infer/',
      '/v2/models//infer',
      '/v2/models/m/infer#x',
      '/v2/models/é/infer',
      '/v2/models/m;a/infer',
      '//v2/models/m/infer',
      'http://host/v2/models/m/infer',
      `/v2/models/${'m'.repeat(300)}/infer`,
      '/v2/models/m',
      '/V2/models/m/infer',
      '',
      '*',
    ]) {
      assert.equal(routes.find(path), undefined, path);
    }
  });

  it('leave a path that two routes have to the framework, which knows which of them goes first', () => {
    const routes = openRoutes();
    routes.add('/v2/models/special/infer', load);
    assert.equal(routes.find('/v2/models/special/infer'), undefined);
    assert.equal(routes.find('/v2/models/other/infer')?.handler, infer);
  });

  it('find every path, however many there were before', () => {
    const routes = openRoutes();
    for (let n = 0; n < 3000; n++) assert.equal(routes.find(`/v2/models/m${n}/infer`)?.params['model'], `m${n}`);
    assert.equal(routes.find('/v2/models/m0/infer')?.params['model'], 'm0');
  });
});

describe('the length of a body', () => {
  it('is that of its header, 0 where there is no body, and unknown where it comes in chunks', () => {
    assert.equal(bodyBytesOf({ 'content-length': '512' }), 512);
    assert.equal(bodyBytesOf({}), 0);
    assert.equal(bodyBytesOf({ 'transfer-encoding': 'chunked' }), undefined);
  });
});
