import assert from 'node:assert/strict';
import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { identity, sumAndDifference } from '../../support/models.js';
import { jsonOf, send } from '../../support/http.js';
import { serveFor } from '../../support/server.js';

const limited = { batching: { maxQueueMs: 1 } };
const image = { resize: { width: 4, height: 4 } };
const imageFile = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const row = Array.from({ length: 16 }, (_, n) => n);
const sums = JSON.stringify({
  inputs: ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: [1, 16], data: row })),
});

/** One request over the agent's one connection; `local` is the client's port, which tells connections apart. */
async function ask(agent: Agent, url: string, options: { readonly path: string; readonly body?: Uint8Array | string }) {
  const sent = request(`${url}${options.path}`, { agent, method: options.body === undefined ? 'GET' : 'POST' });
  sent.end(options.body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const local = response.socket.localPort;
  return { status: response.statusCode, headers: response.headers, body: await buffer(response), local };
}

describe('a model with more work than it may have', () => {
  it('refuses every kind of request before it is read, says when to retry, and keeps the connection', async (context) => {
    const { server, url } = await serveFor(context, {
      models: [
        { name: 'busy', graph: sumAndDifference, config: limited },
        { name: 'eyes', graph: identity('FP32', ['batch', 3, 4, 4]), config: { ...limited, image } },
        { name: 'free', graph: sumAndDifference },
      ],
    });
    const models = ['busy', 'eyes'].map((name) => server.dataplane.model(name, undefined));
    // Two for each worker, and their cost is taken to be more than a millisecond in all.
    const tickets = models.flatMap(({ admission, instances }) =>
      Array.from({ length: 2 * instances }, () => ({ admission, ticket: admission.enter(10) })),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    context.after(() => agent.destroy());
    const ports = new Set<number | undefined>();
    const garbage = Buffer.alloc(200_000, '{');
    for (const path of [
      '/v2/models/busy/infer',
      '/v1/models/busy:predict',
      '/predictions/eyes',
      '/v2/models/eyes/versions/1/infer',
    ]) {
      for (const body of [garbage, imageFile, sums]) {
        const { status, headers, body: text, local } = await ask(agent, url, { path, body });
        assert.equal(status, 429, path);
        assert.match(String(headers['retry-after']), /^[1-9]\d*$/);
        assert.match(String(text), /"error":"Exceeds maximum queue size: \d+ requests are before this one/);
        ports.add(local);
      }
    }
    const health = await ask(agent, url, { path: '/v2/health/ready' });
    assert.equal(health.status, 200);
    ports.add(health.local);
    assert.equal(ports.size, 1, 'every refusal left the connection usable');
    assert.equal((await send(url, { path: '/v2/models/free/infer', body: sums })).status, 200);

    const metrics = String((await send(url, { path: '/metrics' })).body);
    assert.match(metrics, /^slipway_requests_refused_total\{model="busy",version="1"\} 6$/m);
    assert.match(metrics, /^slipway_requests_refused_total\{model="free",version="1"\} 0$/m);
    assert.match(metrics, /^slipway_queue_seconds\{model="busy",version="1"\} (?=.*[1-9])[\d.e-]+$/m);

    for (const { admission, ticket } of tickets) admission.leave(ticket, true);
    assert.equal((await send(url, { path: '/v2/models/busy/infer', body: sums })).status, 200);
    const seen = await send(url, { path: '/predictions/eyes', body: imageFile });
    assert.equal(seen.status, 200, JSON.stringify(jsonOf(seen)));
  });

  it('counts no request any more that was answered or refused, whatever became of it', async (context) => {
    const { server, url } = await serveFor(context, { models: [{ name: 'm', graph: sumAndDifference }] });
    const { admission } = server.dataplane.model('m', undefined);
    const bodies = [sums, '{', '{"inputs":[]}', sums.replaceAll('16]', '15]'), ''];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => send(url, { path: '/v2/models/m/infer', body: bodies[n % 5]! })),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200, 400]));
    assert.equal(admission.waitMs, 0);
    assert.equal(admission.refusals, 0);
  });
});
