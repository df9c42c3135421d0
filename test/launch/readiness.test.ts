import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { waitUntilReady, readDevices, type Liveness, type ReadinessOptions } from '../../src/launch/readiness.js';

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

  it('gives up in time with the last answer', async () => {
    await withServer(
      (_request, response) => response.writeHead(503).end('model digits is loading'),
      async (url) => {
        const result = await waitUntilReady({ ...plain, timeoutMs: 60, check: is({ state: 'running', url }) });
        assert.ok(result.kind === 'timeout');
        assert.match(result.lastError, /answers 503 model digits is loading/);
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
    });
    assert.deepEqual(await waitUntilReady({ ...plain, check: is({ state: 'running' }) }), {
      kind: 'ready',
      by: 'running',
    });
  });

  it('stops when it is told to', async () => {
    assert.deepEqual(await waitUntilReady({ ...plain, signal: AbortSignal.abort(), check: is({ state: 'running' }) }), {
      kind: 'aborted',
    });
  });

  it('reads the devices that a server measured, and none where it does not tell', async () => {
    await withServer(
      (_request, response) => response.end('{"slipway":{"devices":["cuda:0"]}}'),
      async (url) => {
        assert.deepEqual(await readDevices(url), ['cuda:0']);
      },
    );
    assert.deepEqual(await readDevices('http://127.0.0.1:1'), []);
  });
});
