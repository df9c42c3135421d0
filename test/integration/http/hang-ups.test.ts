import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { send } from '../../support/http.js';
import { slowProduct, sumAndDifference } from '../../support/models.js';
import { serveFor, type TestServer } from '../../support/server.js';
import { goodCall, sums } from './cases/case.js';

const clients = 1000;
const atOnce = 100;

const body = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1], data: [1] }] });
const head = `POST /v2/models/slow/infer HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`;
/** How far a client comes before it leaves: in the headers, in the body, with the request sent whole. */
const parts = [head.slice(0, 30), head + body.slice(0, 20), head + body];

async function leave(url: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  await promisify(socket.write.bind(socket) as (text: string, done: () => void) => void)(bytes);
  socket.destroy();
  await once(socket, 'close');
}

/** Turns of the event loop until nothing of the clients is left; the test's own time limit ends it. */
async function untilGone({ server }: TestServer): Promise<void> {
  const { server: http } = server.app.fastify;
  const count = promisify(http.getConnections.bind(http));
  const model = server.dataplane.model('slow', undefined);
  while ((await count()) > 1 || model.queuedRows > 0 || server.busyWorkers() > 0) await promisify(setImmediate)();
}

describe('clients that hang up', () => {
  it(`leave nothing behind, ${clients} of them`, { timeout: 60_000 }, async (context) => {
    const opened = await serveFor(context, {
      models: [
        {
          name: 'slow',
          graph: slowProduct(2),
          config: { batching: { maxRows: 0, maxQueueRows: 5000 }, warmup: false },
        },
        { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } },
      ],
    });
    for (let done = 0; done < clients; done += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, n) => leave(opened.url, parts[n % parts.length] ?? '')));
    }
    await untilGone(opened);
    sums(await send(opened.url, goodCall));
    const text = (await send(opened.url, { path: '/metrics' })).body.toString();
    assert.match(text, /^nv_inference_pending_request_count\{model="slow",version="1"\} 0$/m);
    assert.match(text, /^slipway_workers_busy 0$/m);
    assert.doesNotMatch(text, /slipway_requests_total\{model="slow",version="1",status="500"\}/);
    assert.deepEqual(opened.lines, []);
  });
});
