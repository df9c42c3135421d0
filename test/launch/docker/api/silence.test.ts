import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DockerEndpoint } from '../../../../src/launch/docker/address/endpoint.js';
import { openTransport } from '../../../../src/launch/docker/api/dockerode.js';
import { usualLimits } from '../../../../src/launch/docker/api/limits.js';
import { openGateway } from '../../../../src/launch/docker/engine-gateway.js';
import { runLaunch } from '../../../support/launch-cli.js';
import { openStubEngine, sendJson } from '../stub-engine.js';

const endpointAt = (path: string): DockerEndpoint => ({
  url: `unix://${path}`,
  source: 'a test',
  address: { kind: 'unix', path },
});

describe('an engine that takes questions and does not answer', () => {
  it('is given up by name after the limit, and left in peace by actions and slow questions', async (context) => {
    const waiting: (() => void)[] = [];
    const path = await openStubEngine(context, ({ url }, response) => {
      if (url === '/_ping') response.end('OK');
      else if (url !== '/silent') waiting.push(() => sendJson(response, { url }));
    });
    const transport = openTransport(endpointAt(path), { ...usualLimits, limitMs: 50 });
    const subject = { action: 'list containers', kind: 'engine' } as const;
    const action = transport.json({ method: 'POST', path: '/action', subject });
    const slow = transport.json({ method: 'GET', path: '/slow', subject, isSlow: true });
    await assert.rejects(
      transport.json({ method: 'GET', path: '/silent', subject }),
      (thrown: Error & { code?: string }) => {
        assert.equal(thrown.code, 'DOCKER_UNREACHABLE');
        const text = `The engine at unix://${path} did not answer within 0.05 s while trying to list containers. `;
        return thrown.message.startsWith(text);
      },
    );
    while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve));
    for (const answer of waiting) answer();
    assert.deepEqual(await Promise.all([action, slow]), [{ url: '/action' }, { url: '/slow' }]);
  });

  it('is given up by actions, slow questions and streams too, once it answers nothing beside them', async (context) => {
    const path = await openStubEngine(context, () => undefined);
    const transport = openTransport(endpointAt(path), { limitMs: 20, pingEveryMs: 1, mostPings: 1000 });
    const subject = { action: 'create a container of web', kind: 'engine' } as const;
    const first = async (source: AsyncIterable<Buffer>): Promise<unknown> => source[Symbol.asyncIterator]().next();
    const calls = [
      transport.json({ method: 'POST', path: '/create', subject, body: {} }),
      transport.json({ method: 'DELETE', path: '/remove', subject }),
      transport.json({ method: 'GET', path: '/slow', subject, isSlow: true }),
      transport.hijack({ method: 'POST', path: '/attach', subject }),
      first(transport.stream({ method: 'POST', path: '/pull', subject })),
    ];
    for (const { status, reason } of (await Promise.allSettled(calls)) as readonly PromiseRejectedResult[]) {
      assert.equal(status, 'rejected');
      assert.match(
        String(reason),
        /did not answer within 0\.02 s while trying to create a container of web\. Check it/,
      );
    }
  });

  it('is told from one that lives and does not end an action, which is given up much later, and a wait never', async (context) => {
    let pings = 0;
    const path = await openStubEngine(context, ({ url }, response) => {
      if (url === '/_ping') response.writeHead((pings += 1) % 2 === 0 ? 200 : 403).end();
    });
    const transport = openTransport(endpointAt(path), { limitMs: 60_000, pingEveryMs: 1, mostPings: 4 });
    const subject = { action: 'start container web', kind: 'container' } as const;
    const stop = new AbortController();
    const waits = [{ isSlow: true }, { isEndless: true }].map((how) =>
      transport.json({ method: 'POST', path: '/wait', subject, ...how, signal: stop.signal }).catch(() => 'stopped'),
    );
    await assert.rejects(transport.json({ method: 'POST', path: '/start', subject }), {
      code: 'DOCKER_UNREACHABLE',
      message: /lives, but has not come to an end after .* min of trying to start container web\.\n {2}fix: restart it/,
    });
    const seen = pings;
    while (pings < seen + 8) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    assert.deepEqual(await Promise.all(waits), ['stopped', 'stopped']);
  });

  it('keeps the reason of a caller who gave up first', async (context) => {
    const stop = new AbortController();
    const path = await openStubEngine(context, () => stop.abort(new Error('enough')));
    const transport = openTransport(endpointAt(path), usualLimits);
    const subject = { action: 'ask', kind: 'engine' } as const;
    const asked = transport.json({ method: 'GET', path: '/x', subject, signal: stop.signal });
    await assert.rejects(asked, (thrown: Error & { code?: string }) => thrown.code !== 'DOCKER_UNREACHABLE');
  });
});

describe('what an engine says of a container that it creates', () => {
  it('is heard: a limit that it leaves out is nothing to be silent about', async (context) => {
    for (const warnings of [['Your kernel does not support memory limit capabilities.', 'second'], [], null]) {
      const answer = { Id: 'abc', Warnings: warnings };
      const path = await openStubEngine(context, (_, response) => sendJson(response, answer, 201));
      const heard: string[] = [];
      const { containers } = openGateway(endpointAt(path));
      assert.equal(await containers.create({}, { onWarning: (text) => heard.push(text) }), 'abc');
      assert.deepEqual(heard, warnings ?? []);
    }
  });
});

describe('launch pull', () => {
  it('ends with 5 whatever keeps the image from coming, and says what to do', async (context) => {
    const error = 'Get "https://a.example/v2/": dial tcp: lookup a.example on 10.0.0.1:53: no such host';
    for (const inStream of [false, true]) {
      const path = await openStubEngine(context, ({ url = '' }, response) => {
        if (!url.includes('/images/create')) sendJson(response, {});
        else if (inStream) response.end(`${JSON.stringify({ error, errorDetail: { message: error } })}\n`);
        else sendJson(response, { message: error }, 500);
      });
      const { code, stderr } = await runLaunch(['pull', '-H', `unix://${path}`, 'a.example/b:1']);
      assert.equal(code, 5, stderr);
      assert.match(stderr, /Could not pull image a\.example\/b:1: the engine's host finds no registry of this name/);
      assert.match(stderr, /\n {2}engine: Get "https:\/\/a\.example\/v2\/".*\n {2}fix: correct the name/);
    }
  });
});
