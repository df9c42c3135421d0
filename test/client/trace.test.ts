import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { context, propagation, ROOT_CONTEXT, trace, type Context, type ContextManager } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { openHttp } from '../../src/client/http.js';

/** Keeps what is active along promises, as the SDK for Node.js does. */
class AlongPromises implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }
  // eslint-disable-next-line max-params -- the interface is OpenTelemetry's
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    work: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(active, () => work.apply(self, args));
  }
  bind<T>(_active: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

const traceId = 'ab'.repeat(16);
const active = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: 'cd'.repeat(8), traceFlags: 1 });

describe('a client in a program that is traced', () => {
  it('sends the trace that is active, each time it tries, none where none is, and what the caller names instead', async (test) => {
    const seen: (string | undefined)[] = [];
    const server = createServer(({ headers }, response) => {
      seen.push(headers['traceparent'] as string | undefined);
      response.writeHead(seen.length === 2 ? 503 : 200, { 'retry-after': '0' }).end('{}');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    test.after(() => server.close());
    const http = openHttp(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    test.after(() => http.close());
    const send = (headers = {}) => http.send({ method: 'GET', path: '/v2', headers });
    await send();
    context.setGlobalContextManager(new AlongPromises());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const own = `00-${traceId}-${'cd'.repeat(8)}-01`;
    await context.with(active, send);
    await send();
    const named = `00-${'12'.repeat(16)}-${'34'.repeat(8)}-00`;
    await context.with(active, () => send({ traceparent: named }));
    assert.deepEqual(seen, [undefined, own, own, undefined, named]);
  });
});
