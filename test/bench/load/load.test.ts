import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { startLoadGenerator } from '../../../bench/load/load.js';
import type { Arrivals, LoadOrder } from '../../../bench/load/messages.js';
import { parseServerTiming, ResponseParser } from '../../../bench/load/response-parser.js';
import { mergeHistograms } from '../../../bench/stats/histogram.js';

const servers: Server[] = [];
const load = startLoadGenerator();
after(async () => {
  await load.close();
  for (const server of servers) server.close().closeAllConnections();
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const request = (path: string) => ({ bytes: Buffer.from(`GET ${path} HTTP/1.1\r\nhost: here\r\n\r\n`) });

function order(port: number, arrivals: Arrivals, more: Partial<LoadOrder> = {}): LoadOrder {
  const requests = [request('/a'), request('/b')];
  return {
    host: '127.0.0.1',
    port,
    requests,
    arrivals,
    warmupMs: 30,
    windowMs: 150,
    windows: 2,
    timeoutMs: 2000,
    ...more,
  };
}

describe('ResponseParser', () => {
  const answers = {
    'a length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello',
    chunks: 'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'no body': 'HTTP/1.1 204 No Content\r\n\r\n',
  };
  for (const [name, text] of Object.entries(answers)) {
    it(`reads an answer with ${name}, cut anywhere`, () => {
      const bytes = Buffer.from(text);
      for (let cut = 0; cut < bytes.length; cut++) {
        const parser = new ResponseParser();
        const early = cut === 0 ? undefined : parser.push(bytes.subarray(0, cut));
        assert.equal(early, undefined, `whole after ${cut} bytes`);
        const facts = parser.push(bytes.subarray(cut));
        assert.equal(facts?.status, Number(text.slice(9, 12)));
      }
    });
  }

  it('refuses what is not HTTP', () => {
    assert.throws(() => new ResponseParser().push(Buffer.from('SSH-2.0-x\r\n\r\n')), /not HTTP/);
  });

  it('reads durations of a Server-Timing header', () => {
    assert.deepEqual(parseServerTiming('queue;dur=0.5, compute;desc="run";dur=12, cache'), { queue: 0.5, compute: 12 });
  });
});

describe('the load generator', () => {
  it('keeps as many requests in flight as it has clients, and sends its requests in turn', async () => {
    let [now, most, served] = [0, 0, 0];
    const paths = new Set<string>();
    const port = await serve((request, response) => {
      paths.add(request.url ?? '');
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        served++;
        response.setHeader('x-inference-device', 'cpu').setHeader('server-timing', 'compute;dur=2').end('ok');
      }, 5);
    });
    const measure = () => load.run(order(port, { kind: 'closed', concurrency: 4 }));
    let measured = await measure();
    // On a machine that stands still for a whole window nothing is answered in it.
    while (measured.windows.some(({ completed }) => completed === 0)) measured = await measure();
    const { windows, answered } = measured;
    assert.equal(most, 4);
    assert.deepEqual([...paths].sort(), ['/a', '/b']);
    assert.equal(windows.length, 2);
    const inWindows = windows.reduce((sum, { completed }) => sum + completed, 0);
    assert.ok(answered >= inWindows, `${answered} answers with those of the warm-up, ${inWindows} in windows`);
    assert.ok(answered <= served, `${answered} answers counted of ${served}`);
    for (const window of windows) {
      assert.deepEqual(window.statuses, { 200: window.completed });
      assert.deepEqual([window.devices, window.serverMs], [{ cpu: window.completed }, { compute: 2 }]);
      assert.ok(mergeHistograms([window.latencies]).percentileMs(50) >= 4, 'timers count whole milliseconds');
      assert.ok(window.clientMs.send > 0 && window.clientMs.receive >= 0);
    }
  });

  it('counts failures by status and keeps them out of the latencies', async () => {
    let served = 0;
    const port = await serve((_, response) => {
      served++;
      if (served % 3 === 0) response.destroy();
      else response.writeHead(served % 3 === 1 ? 200 : 503).end();
    });
    const counted: Record<number, number> = { 0: 0, 200: 0, 503: 0 };
    // However slow the machine is, each kind of answer comes in time.
    while (Object.values(counted).some((count) => count < 2)) {
      const [window] = (await load.run(order(port, { kind: 'closed', concurrency: 1 }, { windows: 1 }))).windows;
      for (const status of [0, 200, 503]) counted[status]! += window!.statuses[status] ?? 0;
      assert.deepEqual(
        Object.keys(window!.statuses).filter((status) => !(status in counted)),
        [],
      );
      assert.equal(mergeHistograms([window!.latencies]).count, window!.statuses[200] ?? 0);
    }
  });

  it('sends at the rate asked for, and counts the wait of requests that were due while the server stood still', async () => {
    let isFirst = true;
    const port = await serve((_, response) => {
      if (!isFirst) return void response.end();
      isFirst = false;
      const until = performance.now() + 200;
      while (performance.now() < until); // the whole server stands still
      response.end();
    });
    const arrivals = { kind: 'poisson', requestsPerSecond: 500, maxConnections: 2, seed: 3 } as const;
    const [window] = (await load.run(order(port, arrivals, { warmupMs: 0, windowMs: 800, windows: 1 }))).windows;
    const due = window!.completed + window!.backlog;
    assert.ok(due > 300 && window!.completed < 520, `${due} were due in 800 ms, ${window!.completed} answered`);
    const latencies = mergeHistograms([window!.latencies]);
    assert.ok(
      latencies.percentileMs(90) > 80,
      `p90 ${latencies.percentileMs(90)}: an eighth was due a tenth of a second before`,
    );
  });

  it('says that nobody listens as failures, not as a crash', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const [window] = (await load.run(order(port, { kind: 'closed', concurrency: 1 }, { windows: 1 }))).windows;
    assert.deepEqual(Object.keys(window!.statuses), ['0']);
  });
});
