import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { buildOpenapi } from '../../../src/server/openapi/document.js';
import { operations } from '../../../src/server/openapi/operations.js';
import { serveFor } from '../../support/server.js';

const options = { title: 'slipway', version: '1', basePath: '', isGuarded: false };

/** `:predict` is a verb at the end of a path's last part, which the router takes as one parameter. */
const routed = (path: string) => path.replace(':predict', '');

describe('the API description', () => {
  it('is a valid OpenAPI 3.1 document, guarded or not', async () => {
    for (const isGuarded of [false, true]) {
      const result = await new Validator().validate(buildOpenapi({ ...options, isGuarded }) as Record<string, unknown>);
      assert.equal(result.valid, true, JSON.stringify(result.errors));
    }
  });

  it('gives every operation an id of its own', () => {
    const ids = operations.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  describe('beside the running server', () => {
    it('describes every route, and no route that is not there', async (context) => {
      const opened = await serveFor(context, {});
      const registered = [...opened.server.app.router.routes].flatMap(([path, methods]) =>
        [...methods].map((method) => `${method.toLowerCase()} ${path}`),
      );
      const described = operations.map(({ method, path }) => `${method} ${routed(path)}`);
      assert.deepEqual(registered.sort(), described.sort());
    });

    it('is served, and so is its page with all of its parts, none of them from elsewhere', async (context) => {
      const { url } = await serveFor(context, { flags: ['--base-path', '/at/base'] });
      const document = (await (await fetch(`${url}/openapi.json`)).json()) as { servers: { url: string }[] };
      assert.equal(document.servers[0]?.url, '/at/base');
      const page = await (await fetch(`${url}/docs`)).text();
      const links = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
      assert.ok(links.length >= 4 && links.every((link) => link.startsWith('/at/base/docs/')), links.join());
      for (const link of links) assert.equal((await fetch(new URL(link, url))).status, 200, link);
      assert.equal((await fetch(`${url}/docs/package.json`)).status, 404);
    });
  });
});
