import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { jsonOf, send, type Call } from '../../support/http.js';
import { sumAndDifference } from '../../support/models.js';
import { serveFor } from '../../support/server.js';
import { goodCall, sums } from './cases/case.js';

const m = { name: 'm', graph: sumAndDifference };
const evil = 'https://evil.example';
const errorOf = (answer: Parameters<typeof jsonOf>[0]) => (jsonOf(answer) as { error: string }).error;

/** Sends bytes as they are and reads until the server closes. */
async function exchangeBytes(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).end(text);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('utf8');
}

const unload = (headers: Readonly<Record<string, string>>): Call => ({
  path: '/v2/repository/models/m/unload',
  body: '{}',
  headers,
});

async function serve(context: TestContext, ...flags: readonly string[]) {
  const { url } = await serveFor(context, { models: [m], flags });
  return { url, port: new URL(url).port };
}

describe('web pages', () => {
  it('of other origins change, run and read nothing, however their request is made', async (context) => {
    const { url, port } = await serve(context);
    const own = `127.0.0.1:${port}`;
    const kinds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      'a no-cors fetch': { origin: evil, 'content-type': 'text/plain' },
      'a form as text': { origin: evil, 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      'a form of fields': { origin: evil, 'content-type': 'application/x-www-form-urlencoded' },
      'a form with files': { origin: evil, 'content-type': 'multipart/form-data; boundary=x' },
      'a sandboxed frame': { origin: 'null' },
      'a page on another port': { origin: `http://127.0.0.1:${Number(port) + 1}`, 'sec-fetch-site': 'same-site' },
      'a page on another name of this machine': { origin: `http://localhost:${port}` },
      'a beacon without an origin': { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      'two origins': { origin: `http://${own}, ${evil}` },
      'an empty origin': { origin: '' },
      'an origin with credentials': { origin: `http://x@${own}` },
      'a made-up site': { 'sec-fetch-site': 'SAME-ORIGIN' },
      'an upgrade': { origin: evil, connection: 'upgrade', upgrade: 'websocket' },
      'a name that was taken over': { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
      'a name that was taken over, without an origin': { host: `evil.example:${port}` },
      'a name that begins like ours': { host: `localhost.evil.example:${port}` },
      'a name that begins like our address': { host: `127.0.0.1.evil.example` },
    }; // prettier-ignore
    for (const [kind, headers] of Object.entries(kinds)) {
      for (const call of [
        unload(headers),
        { ...goodCall, headers },
        { path: '/v2', headers },
        { path: '/metrics', headers },
        { path: '/v2/repository/index', body: '', headers },
        { path: '/nowhere', headers },
      ]) {
        const answer = await send(url, call);
        assert.equal(answer.status, 403, `${kind} to ${call.path}`);
        assert.match(errorOf(answer), /--allow-(?:origin|host)/, kind);
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
      }
    }
    sums(await send(url, goodCall));
  });

  it('of the server itself, links to them, and other programs under any name of a private network are served', async (context) => {
    const { url, port } = await serve(context);
    const kinds: readonly Readonly<Record<string, string>>[] = [
      { origin: url, 'sec-fetch-site': 'same-origin' },
      { origin: `http://localhost:${port}`, host: `localhost:${port}` },
      { origin: `http://LOCALHOST:${port}`, host: `localhost:${port}` },
      { origin: 'https://models.lan', host: 'models.lan' },
      { 'sec-fetch-site': 'none' },
      { host: 'slipway:8080' },
      { host: 'slipway' },
      { host: 'slipway.ns.svc.cluster.local:8000' },
      { host: 'machine:1' },
      { host: '[::1]:8000' },
      { host: '10.1.2.3' },
      {},
    ];
    for (const headers of kinds) sums(await send(url, { ...goodCall, headers }));
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    assert.equal((await send(url, { path: '/', headers: link })).status, 200);
    assert.equal((await send(url, { path: '/', headers: { ...link, 'sec-fetch-dest': 'iframe' } })).status, 403);
    assert.equal((await send(url, { ...goodCall, headers: link })).status, 403);
    assert.equal((await send(url, { path: '/v2/health/ready', headers: { host: 'balancer.example' } })).status, 200);
  });

  it('are allowed by option, and answered as browsers ask for it', async (context) => {
    const { url } = await serve(
      context,
      '--allow-origin',
      'https://App.example.com:443',
      '--allow-host',
      '*.example.org',
    );
    const origin = 'https://app.example.com';
    const answer = await send(url, { ...goodCall, headers: { origin, 'sec-fetch-site': 'cross-site' } });
    sums(answer);
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.equal(answer.headers.vary, 'origin');
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
    const alone = await send(url, { path: '/v2' });
    assert.deepEqual([alone.headers.vary, alone.headers['access-control-allow-origin']], ['origin', undefined]);
    assert.match(String(answer.headers['access-control-expose-headers']), /inference-header-content-length/);
    assert.match(String(answer.headers['access-control-expose-headers']), /x-error-code/);
    const ask = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key,content-type' };
    const preflight = await send(url, { method: 'OPTIONS', path: goodCall.path, headers: { origin, ...ask } });
    assert.equal(preflight.status, 200);
    assert.equal(preflight.headers['access-control-allow-origin'], origin);
    assert.equal(preflight.headers['access-control-allow-methods'], 'POST');
    assert.equal(preflight.headers['access-control-allow-headers'], 'x-api-key, content-type');
    assert.match(String(preflight.headers.vary), /access-control-request-headers.*origin/);
    const binary = { ...ask, 'access-control-request-headers': 'inference-header-content-length' };
    const forBinary = await send(url, { method: 'OPTIONS', path: goodCall.path, headers: { origin, ...binary } });
    assert.equal(forBinary.headers['access-control-allow-headers'], 'inference-header-content-length');
    const failure = await send(url, { ...goodCall, body: '{', headers: { origin } });
    assert.deepEqual([failure.status, failure.headers['access-control-allow-origin']], [400, origin]);
    for (const foreign of [evil, 'http://app.example.com', 'https://app.example.com.evil.example', 'null']) {
      const refused = await send(url, { method: 'OPTIONS', path: goodCall.path, headers: { origin: foreign, ...ask } });
      assert.equal(refused.status, 403, foreign);
      assert.equal(refused.headers['access-control-allow-origin'], undefined);
    }
    sums(await send(url, { ...goodCall, headers: { host: 'models.example.org' } }));
    assert.equal((await send(url, { ...goodCall, headers: { host: 'example.org' } })).status, 403);
  });

  it('need no known name where a key is shown, and a preflight needs no key', async (context) => {
    const { url } = await serveFor(context, {
      models: [m],
      keys: ['secret-key'],
      flags: ['--allow-origin', 'https://app.example.com'],
    });
    const headers = { host: 'models.example.com', 'x-api-key': 'secret-key' };
    sums(await send(url, { ...goodCall, headers }));
    assert.equal((await send(url, { ...goodCall, headers: { ...headers, origin: evil } })).status, 403);
    assert.equal((await send(url, { ...goodCall, headers: { host: 'models.example.com' } })).status, 401);
    const ask = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' };
    assert.equal((await send(url, { method: 'OPTIONS', path: goodCall.path, headers: ask })).status, 200);
  });

  it('hear a verb’s names without changing anything', async (context) => {
    const { url } = await serve(context);
    const answer = await send(url, { method: 'OPTIONS', path: '/v2' });
    assert.deepEqual([answer.status, answer.headers.allow, answer.body.length], [200, 'GET, HEAD, OPTIONS', 0]);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.equal(answer.headers.vary, undefined);
    assert.equal((await send(url, { method: 'OPTIONS', path: '/nowhere' })).status, 404);
  });
});

describe('the name in a request', () => {
  const request = (...lines: readonly string[]) => `${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`;

  it('comes once and can be read, else the request is a 400, in either order and any case', async (context) => {
    const { url } = await serve(context);
    for (const lines of [
      ['host: localhost', 'host: evil.example'],
      ['Host: evil.example', 'HOST: localhost'],
      ['host: localhost', 'Host: localhost'],
      ['host: a b'],
      ['host: user@localhost'],
      ['host: lo\u00e7alhost'],
      ['host:'],
      ['host: localhost:99999'],
    ]) {
      const answer = await exchangeBytes(url, request('GET /v2 HTTP/1.1', ...lines));
      assert.match(answer, /^HTTP\/1\.1 400 /, lines.join(' | '));
      assert.match(answer, /nosniff/);
    }
  });

  it('counts in the request line too', async (context) => {
    const { url } = await serve(context);
    const first = 'GET http://evil.example/v2 HTTP/1.1';
    assert.match(await exchangeBytes(url, request(first, 'host: localhost')), /^HTTP\/1\.1 403 /);
    assert.match(
      await exchangeBytes(url, request('GET http://localhost/v2 HTTP/1.1', 'host: localhost')),
      /^HTTP\/1\.1 200 /,
    );
    assert.match(await exchangeBytes(url, 'GET /v2 HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
  });
});

describe('every answer', () => {
  it('has a policy, is not guessed at, stands in no frame and sends no address on', async (context) => {
    const { url } = await serve(context);
    for (const call of [
      goodCall,
      { path: '/' },
      { path: '/docs' },
      { path: '/playground/docs/docs.js' },
      { path: '/metrics' },
      { path: '/v2' },
      { path: '/nowhere' },
      { ...goodCall, body: '{' },
      { path: '/v2', headers: { origin: evil } },
      { path: '/v2/models/%zz' },
      { path: '/v2', headers: { 'x-large': 'x'.repeat(20_000) } },
    ]) {
      const { headers } = await send(url, call);
      assert.match(
        String(headers['content-security-policy']),
        /^default-src '(?:none|self)';.*frame-ancestors 'none'/,
        call.path,
      );
      assert.doesNotMatch(String(headers['content-security-policy']), /script-src|,/);
      assert.equal(headers['x-content-type-options'], 'nosniff', call.path);
      assert.equal(headers['referrer-policy'], 'no-referrer', call.path);
    }
  });
});
