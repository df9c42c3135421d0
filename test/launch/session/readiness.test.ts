import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import {
  waitUntilReady,
  readServing,
  type Liveness,
  type ReadinessOptions,
} from '../../../src/launch/session/readiness.js';

const plain: Omit<ReadinessOptions, 'check'> = { basePath: '', timeoutMs: 5000, now: () => performance.now() };
const is = (liveness: Liveness) => () => Promise.resolve(liveness);

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

describe('readiness', () => {
  it('waits for 200 below the base path', async () => {
    let asked = 0;
    const listener: RequestListener = ({ url }, response) => {
      asked += url === '/models/v2/health/ready' ? 1 : 0;
      response.writeHead(asked < 3 ? 503 : 200).end();
    };
    await withServer(listener, async (url) => {
      assert.deepEqual(await waitUntilReady({ ...plain, basePath: '/models', check: is({ state: 'running', url }) }), {
        kind: 'ready',
        by: 'http',
        broken: [],
      });
    });
    assert.equal(asked, 3);
  });

  it('ends at once with the exit code of a server that ended', async () => {
    assert.deepEqual(await waitUntilReady({ ...plain, check: is({ state: 'ended', exitCode: 3 }) }), {
      kind: 'ended',
      exitCode: 3,
    });
  });

  const broken = {
    code: 'MODEL_INVALID',
    final: true,
    model: 'e',
    message: "Model 'e' cannot be loaded: it is cut short.",
  };
  const healthOf = (state: string, reasons: readonly object[]): string =>
    JSON.stringify({ ready: false, state, reasons });

  it('ends at once where the server says that it will never serve', async () => {
    await withServer(
      (_request, response) => response.writeHead(503).end(healthOf('failed', [broken])),
      async (url) => {
        const result = await waitUntilReady({ ...plain, check: is({ state: 'running', url }) });
        assert.deepEqual(result, { kind: 'failed', reasons: [broken] });
      },
    );
  });

  it('waits while models load, and takes a server whose other models serve, naming the broken one', async () => {
    let asked = 0;
    await withServer(
      (_request, response) => {
        asked += 1;
        response.writeHead(503).end(healthOf(asked < 3 ? 'starting' : 'degraded', [broken]));
      },
      async (url) => {
        const result = await waitUntilReady({ ...plain, check: is({ state: 'running', health: 'starting', url }) });
        assert.deepEqual(result, { kind: 'ready', by: 'http', broken: [broken] });
      },
    );
    assert.equal(asked, 3);
  });

  it('gives up in time with the last answer', async () => {
    await withServer(
      (_request, response) => response.writeHead(503).end('model digits is loading'),
      async (url) => {
        const result = await waitUntilReady({ ...plain, timeoutMs: 60, check: is({ state: 'running', url }) });
        assert.ok(result.kind === 'timeout');
        assert.match(result.lastError, /ready: starting: model digits is loading/);
      },
    );
  });

  it('names the reason where nothing listens, or a connection breaks', async () => {
    const nobody = await waitUntilReady({
      ...plain,
      timeoutMs: 0,
      check: is({ state: 'running', url: 'http://127.0.0.1:1' }),
    });
    assert.match(nobody.kind === 'timeout' ? nobody.lastError : '', /ECONNREFUSED/);
    await withServer(
      (request) => request.socket.destroy(),
      async (url) => {
        const broken = await waitUntilReady({ ...plain, timeoutMs: 0, check: is({ state: 'running', url }) });
        assert.match(broken.kind === 'timeout' ? broken.lastError : '', /hang up|closed|ECONNRESET/);
      },
    );
  });

  it('trusts the health check where no port can be asked, and a running server that has none', async () => {
    const states: Liveness[] = [
      { state: 'running', health: 'starting' },
      { state: 'running', health: 'healthy' },
    ];
    assert.deepEqual(await waitUntilReady({ ...plain, check: () => Promise.resolve(states.shift()!) }), {
      kind: 'ready',
      by: 'health',
      broken: [],
    });
    assert.deepEqual(await waitUntilReady({ ...plain, check: is({ state: 'running' }) }), {
      kind: 'ready',
      by: 'running',
      broken: [],
    });
  });

  it('stops when it is told to', async () => {
    assert.deepEqual(await waitUntilReady({ ...plain, signal: AbortSignal.abort(), check: is({ state: 'running' }) }), {
      kind: 'aborted',
    });
  });

  it('reads what a server serves and where it computes, and nothing where it does not tell', async () => {
    await withServer(
      (_request, response) => response.end('{"slipway":{"devices":["cuda:0"],"models":["a","b"]}}'),
      async (url) => {
        assert.deepEqual(await readServing(url), { devices: ['cuda:0'], models: ['a', 'b'], answers: 'openly' });
      },
    );
    const nothing = { devices: [], models: [] };
    assert.deepEqual(await readServing('http://127.0.0.1:1'), { ...nothing, answers: 'not' });
    for (const [status, body, answers] of [
      [401, '{"error":"This server asks for a key"}', 'with a key'],
      [200, 'no JSON', 'openly'],
    ] as const) {
      await withServer(
        (_, response) => response.writeHead(status).end(body),
        async (url) => assert.deepEqual(await readServing(url), { ...nothing, answers }),
      );
    }
  });
});
