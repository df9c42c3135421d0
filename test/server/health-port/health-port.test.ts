import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { liveAnswer, readyAnswer } from '../../../src/server/health-port/answers.js';
import { sumAndDifference } from '../../support/models.js';
import { send } from '../../support/http.js';
import { openTestServer, serveFor } from '../../support/server.js';

const model = { name: 'm', graph: sumAndDifference };

interface Told {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Asks from another process while this one does nothing else: the HTTP thread is stopped until all is answered, which is soon with one process. */
function askWhileBlocked(
  url: string,
  calls: readonly { readonly path: string; readonly headers?: Readonly<Record<string, string>> }[],
): readonly Told[] {
  const script = `
    const { request } = require('node:http');
    const ask = ({ path, headers = {} }) => new Promise((resolve) =>
      request(${JSON.stringify(url)} + path, { headers }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text) => (body += text)).on('end', () => {
          resolve({ status: response.statusCode, type: response.headers['content-type'], body });
        });
      }).end());
    Promise.all(${JSON.stringify(calls)}.map(ask)).then((told) => console.log(JSON.stringify(told)));`;
  return JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })) as readonly Told[];
}

describe('the health port', () => {
  it('answers health and metrics while the HTTP thread does nothing', async (context) => {
    const { server } = await serveFor(context, { models: [model], flags: ['--health-port', '0'] });
    const url = `http://127.0.0.1:${server.healthPort ?? 0}`;
    // Asked once while all turn: the state is told, and so are figures.
    while ((await send(url, { path: '/v2/health/ready' })).status !== 200);
    while ((await send(url, { path: '/metrics' })).status !== 200);
    const [live, ready, metrics, other, rebound] = askWhileBlocked(url, [
      { path: '/v2/health/live' },
      { path: '/v2/health/ready' },
      { path: '/metrics' },
      { path: '/v2/models/m' },
      { path: '/metrics', headers: { host: 'evil.example.com' } },
    ]);
    const type = 'application/json';
    assert.deepEqual(live, { status: 200, type, body: '{"live":true}' });
    assert.deepEqual(ready, { status: 200, type, body: '{"ready":true}' });
    assert.equal(metrics?.status, 200);
    assert.match(metrics.body, /^slipway_model_ready\{model="m",version="1"\} 1$/m);
    assert.deepEqual([other?.status, rebound?.status], [404, 403]);
  });

  it('tells figures that are new, and no figures at all where they ask for a key', async (context) => {
    const { server, url } = await serveFor(context, { models: [model], flags: ['--health-port', '0'] });
    const own = `http://127.0.0.1:${server.healthPort ?? 0}`;
    await send(url, { path: '/v2/models/m/infer', body: '{' });
    const refused = /^slipway_requests_total\{model="m",version="1",status="400"\} 1$/m;
    while (!refused.test(String((await send(own, { path: '/metrics' })).body)));

    const guarded = await serveFor(context, { models: [model], keys: ['k'], flags: ['--health-port', '0'] });
    const answer = await send(`http://127.0.0.1:${guarded.server.healthPort ?? 0}`, { path: '/metrics' });
    assert.equal(answer.status, 401);
  });

  it('is a port that is in use before another server takes it', async (context) => {
    const { server } = await serveFor(context, { models: [model], flags: ['--health-port', '0'] });
    const flags = ['--health-port', String(server.healthPort)];
    await assert.rejects(openTestServer({ flags }), { code: 'PORT_IN_USE', message: /--health-port/ });
  });

  it('is not ready once the HTTP thread is silent for seconds, and not live once it is for a minute', () => {
    const health = { status: 200, body: '{"ready":true}' };
    assert.equal(readyAnswer({ health, silentMs: 4999 }), health);
    const { status, body } = readyAnswer({ health, silentMs: 7250 });
    assert.equal(status, 503);
    const told = JSON.parse(body) as { reasons: { message: string; final: boolean }[] };
    assert.match(told.reasons[0]?.message ?? '', /7\.3 s/);
    assert.equal(told.reasons[0]?.final, false);
    assert.equal(liveAnswer({ silentMs: 7250 }).status, 200);
    assert.equal(liveAnswer({ silentMs: 61_000 }).status, 503);
  });
});
