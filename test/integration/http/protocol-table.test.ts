import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { request } from 'node:http';
import { once } from 'node:events';
import type { HealthReason, ServerHealth } from '../../../src/protocol/server-health.js';
import { datatypes, type Datatype } from '../../../src/tensor/datatype.js';
import { jsonOf, send } from '../../support/http.js';
import { identity, slowProduct, sumAndDifference } from '../../support/models.js';
import { openTestServer, type TestServer } from '../../support/server.js';
import { goodCall, limitBytes, sums as checkGood } from './cases/case.js';
import { cases } from './cases/cases.js';

const carried = (Object.keys(datatypes) as Datatype[]).filter((name) => datatypes[name].ort !== null);
const identities = carried.map((datatype) => ({
  name: `id-${datatype.toLowerCase()}`,
  graph: identity(datatype, ['batch', 'n']),
  config: { batching: { maxRows: 4 } },
}));
const covered = new Set(cases.map(({ row }) => row));

const slow = { batching: { maxRows: 0, maxQueueRows: 1 }, instances: { cpu: 1 } };
const slowCall = (parameters: object = {}) => ({
  path: '/v2/models/slow/infer',
  body: JSON.stringify({ parameters, inputs: [{ name: 'X', datatype: 'FP32', shape: [1], data: [1] }] }),
});

describe('the table of protocol cases', () => {
  let opened: TestServer & { stop(): Promise<void> };
  before(async () => {
    opened = await openTestServer({
      models: [
        { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } },
        { name: 'slow', graph: slowProduct(40), config: { ...slow, warmup: false } },
        ...identities,
      ],
      flags: ['--max-body-bytes', String(limitBytes), '--compress-from', '100'],
    });
  });
  after(() => opened.stop());

  const goOn = async (): Promise<void> => {
    const answer = await send(opened.url, goodCall);
    assert.equal(answer.status, 200);
    checkGood(answer);
  };

  for (const { row, title, call, status, check } of cases) {
    it(`row ${row}: ${title}: ${status}, and a good request after it (row 62)`, async () => {
      const answer = await send(opened.url, call);
      assert.equal(answer.status, status, answer.body.toString('utf8').slice(0, 300));
      if (status >= 400) assert.equal(typeof (jsonOf(answer) as { error: unknown }).error, 'string');
      check?.(answer);
      await goOn();
    });
  }

  it('row 56: a queue that is full answers 429 with Retry-After, one that is slow 503', async () => {
    const calls = Array.from({ length: 4 }, () => send(opened.url, slowCall()));
    const late = await send(opened.url, slowCall({ timeout: 1 }));
    const answers = await Promise.all(calls);
    const statuses = answers.map(({ status }) => status);
    assert.ok(statuses.includes(200) && statuses.includes(429), statuses.join());
    const refused = answers.find(({ status }) => status === 429);
    assert.match(refused?.headers['retry-after'] ?? '', /^\d+$/);
    assert.match((jsonOf(refused ?? late) as { error: string }).error, /Exceeds maximum queue size/);
    assert.ok([429, 503].includes(late.status));
    const running = send(opened.url, slowCall());
    while (opened.server.busyWorkers() === 0) await new Promise(setImmediate);
    const waiting = await send(opened.url, slowCall({ timeout: 1 }));
    assert.equal(waiting.status, 503, waiting.body.toString());
    assert.match((jsonOf(waiting) as { error: string }).error, /Request timeout expired/);
    assert.equal((await running).status, 200);
    await goOn();
  });

  it('row 60: a client that leaves takes its queued work along', async () => {
    const running = send(opened.url, slowCall());
    const leaving = request(`${opened.url}/v2/models/slow/infer`, { method: 'POST' });
    leaving.on('error', () => undefined);
    leaving.end(slowCall().body);
    await once(leaving, 'finish');
    leaving.destroy();
    assert.equal((await running).status, 200);
    await goOn();
    assert.equal(opened.server.dataplane.model('slow', undefined).queuedRows, 0);
  });

  it('covers 62 rows; what is not here is said', () => {
    const rows = new Set([...covered, 2, 56, 60, 62]);
    const missing = Array.from({ length: 62 }, (_, index) => index + 1).filter((row) => !rows.has(row));
    assert.deepEqual(missing, []);
    assert.ok(cases.length >= 95, `${cases.length} requests`);
  });
});

describe('a server that is not ready', () => {
  it('row 2: answers 503 and says why, while it is live and its other models serve', async (context) => {
    const opened = await openTestServer({
      models: [
        { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } },
        { name: 'broken', graph: sumAndDifference, config: { colour: 'red' } },
      ],
    });
    context.after(() => opened.stop());
    const ready = await send(opened.url, { path: '/v2/health/ready' });
    assert.equal(ready.status, 503);
    const { state, reasons, models, error } = jsonOf(ready) as ServerHealth & { readonly error: string };
    assert.equal(state, 'degraded');
    assert.deepEqual(models, { ready: ['m'], loading: [], failed: ['broken'] });
    const [reason] = reasons as [HealthReason];
    assert.deepEqual(reason, {
      code: 'MODEL_INVALID',
      final: true,
      model: 'broken',
      version: '1',
      message: reason.message,
    });
    assert.match(reason.message, /colour/);
    assert.match(error, /broken.*colour/s);
    assert.equal((await send(opened.url, { method: 'HEAD', path: '/v2/health/ready' })).status, 503);
    assert.equal((await send(opened.url, { path: '/v2/health/live' })).status, 200);
    checkGood(await send(opened.url, goodCall));
  });
});
