import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { send } from '../support/http.js';
import { sumAndDifference } from '../support/models.js';
import { folderWith, startProcess, urlOf } from '../support/server-process.js';
import { goodCall, sums } from './http/cases/case.js';

const m = { name: 'm', graph: sumAndDifference };

/** One request by an agent; its status, or what broke. */
async function statusOf(url: string, agent: Agent): Promise<number | string> {
  try {
    const sent = request(`${url}${goodCall.path}`, { method: 'POST', agent });
    sent.end(goodCall.body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    await buffer(response);
    return response.statusCode ?? 0;
  } catch (thrown) {
    return String((thrown as { code?: unknown }).code);
  }
}

describe('a new version', () => {
  it('of a model is loaded again and again without one failed request, on kept and on new connections', async (context) => {
    const server = startProcess(context, '--models', await folderWith(context, m));
    const url = urlOf(await server.until(/ready in/));
    let isOver = false;
    const counts = new Map<number | string, number>();
    const client = async (keepAlive: boolean): Promise<void> => {
      const agent = new Agent({ keepAlive });
      while (!isOver) {
        const status = await statusOf(url, agent);
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }
      agent.destroy();
    };
    const clients = [client(true), client(true), client(false), client(false)];
    for (let round = 0; round < 5 || (counts.get(200) ?? 0) <= 20; round += 1) {
      const loaded = await send(url, { path: '/v2/repository/models/m/load', body: '' });
      assert.equal(loaded.status, 200);
    }
    isOver = true;
    await Promise.all(clients);
    assert.deepEqual([...counts.keys()], [200]);
  });

  it('of the server takes over from one that was told to stop, without one failed request of clients that ask whether it is ready', async (context) => {
    const folder = await folderWith(context, m);
    const old = startProcess(context, '--models', folder, '--stop-delay', '4s');
    const next = startProcess(context, '--models', folder);
    const urls = [urlOf(await old.until(/ready in/)), urlOf(await next.until(/ready in/))] as const;
    let target: string = urls[0];
    const counts = { old: 0, next: 0 };
    const failed: (number | string)[] = [];
    const client = async (keepAlive: boolean): Promise<void> => {
      const agent = new Agent({ keepAlive });
      while (counts.next < 50) {
        const url = target;
        const status = await statusOf(url, agent);
        if (status !== 200) failed.push(status);
        counts[url === urls[0] ? 'old' : 'next'] += 1;
        if (counts.old === 50) old.child.kill('SIGTERM');
      }
      agent.destroy();
    };
    /** What a balancer does: the first that says that it is ready. */
    const balance = async (): Promise<void> => {
      while (target === urls[0]) {
        const { status } = await send(urls[0], { path: '/v2/health/ready', headers: { connection: 'close' } });
        if (status === 503) target = urls[1];
      }
    };
    await Promise.all([balance(), ...[true, true, false, false].map(client)]);
    assert.deepEqual(failed, []);
    assert.ok(counts.old >= 50 && counts.next >= 50, JSON.stringify(counts));
    assert.deepEqual(await old.ended, [0, null]);
    sums(await send(urls[1], goodCall));
  });
});
