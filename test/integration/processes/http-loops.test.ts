import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { jsonOf, send, type Answer, type Call } from '../../support/http.js';
import { sumAndDifference } from '../../support/models.js';
import { folderWith, startProcess, urlOf, type ServerProcess } from '../../support/server-process.js';
import { goodCall, sums } from '../http/cases/case.js';
import { recurrent, recurrentState } from '../sequences/recurrent.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const sharesPorts = process.platform === 'linux' && (major > 22 || (major === 22 && minor >= 12));
const skip = !sharesPorts
  ? `several processes listen at one port on Linux with Node.js 22.12 or newer; this is ${process.platform}, ${process.versions.node}`
  : availableParallelism() < 2 && 'two HTTP loops need two CPUs';

const m = { name: 'm', graph: sumAndDifference };
const ready: Call = { path: '/v2/health/ready' };

/** Sends on a connection of its own, which the system deals to any loop. */
const sendAlone = (url: string, call: Call): Promise<Answer> => send(url, call, new Agent());

async function repeat(times: number, ask: () => Promise<Answer>): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let n = 0; n < times; n += 1) answers.push(await ask());
  return answers;
}

/** What starts the ids of each process that answered. */
const processesOf = (answers: readonly Answer[]) =>
  new Set(answers.map(({ headers }) => String(headers['x-request-id']).replace(/-[^-]*$/, '')));
const statusesOf = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))];

/** More connections than two loops leave one of them without: it would take 2^64 tries. */
const many = 64;

async function startLoops(context: TestContext, ...flags: readonly string[]) {
  const folder = await folderWith(context, m);
  const server = startProcess(context, '--models', folder, '--http-loops', '2', ...flags);
  const text = await server.until(/loops +2 HTTP loops on this port|"started"/);
  return { server, folder, url: urlOf(text), text };
}

/** The processes of the loops. */
function loopsOf({ child }: ServerProcess): readonly number[] {
  const text = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}

async function untilReady(url: string, status: number): Promise<Answer> {
  for (;;) {
    const answer = await send(url, ready).catch(() => undefined);
    if (answer?.status === status) return answer;
  }
}

const successOf = async (url: string) => {
  const { body } = await sendAlone(url, { path: '/metrics' });
  const lines = body.toString();
  const find = (pattern: RegExp) => Number(pattern.exec(lines)?.[1] ?? NaN);
  return {
    counted: find(/^slipway_requests_total\{model="m",version="1",status="200"\} (\d+)/m),
    success: find(/^nv_inference_request_success\{model="m",version="1"\} (\d+)/m),
    durations: find(/^slipway_request_duration_seconds_count\{model="m",version="1"\} (\d+)/m),
    loops: find(/^slipway_http_loops (\d+)/m),
    restarts: find(/^slipway_http_loop_restarts_total (\d+)/m),
  };
};

/** What the metrics tell has been told to the loop that gives them, so that it is not ready before both are. */
async function untilReplaced(url: string): Promise<void> {
  for (;;) {
    // What was dealt to the process that ended is reset.
    const figures = await successOf(url).catch(() => undefined);
    if (figures?.loops === 2 && figures.restarts === 1) break;
  }
  await untilReady(url, 200);
}

describe('a server with two HTTP loops', { skip, concurrency: 1 }, () => {
  it('says once that it has started, answers from both, and adds up what both counted, whichever is asked', async (context) => {
    const { server, url, text } = await startLoops(context);
    assert.equal(text.match(/^Slipway \d/gm)?.length, 1);
    assert.match(text, /several HTTP loops: each gets its share/);
    const answers = await repeat(many, () => sendAlone(url, goodCall));
    for (const answer of answers) sums(answer);
    assert.equal(processesOf(answers).size, 2);
    for (let n = 0; n < 8; n += 1) {
      const { counted, success, durations, loops } = await successOf(url);
      assert.deepEqual([counted, success, durations, loops], [many, many, many, 2]);
      const stats = jsonOf(await sendAlone(url, { path: '/v2/models/m/stats' })) as { model_stats: readonly object[] };
      const [{ inference_stats: inference } = {}] = stats.model_stats as {
        inference_stats?: { success: { count: number } };
      }[];
      assert.deepEqual([stats.model_stats.length, inference?.success.count], [1, many]);
    }
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.ended, [0, null]);
    assert.equal(server.text().match(/stopped/g)?.length, 1);
  });

  it('starts a loop again that was killed, and loses no count that was read', async (context) => {
    const { server, url } = await startLoops(context);
    assert.equal((await send(url, ready)).status, 200);
    await repeat(many, () => sendAlone(url, goodCall));
    assert.equal((await successOf(url)).counted, many);
    const [first, second] = loopsOf(server);
    process.kill(first ?? 0, 'SIGKILL');
    await untilReplaced(url);
    const [one, other] = loopsOf(server);
    assert.ok([one, other].includes(second) && ![one, other].includes(first));
    const answers = await repeat(many, () => sendAlone(url, goodCall));
    for (const answer of answers) sums(answer);
    assert.equal(processesOf(answers).size, 2);
    const { counted, durations, restarts } = await successOf(url);
    assert.deepEqual([counted, durations, restarts], [2 * many, 2 * many, 1]);
  });

  it('tells which loop is not ready, and lets in none that is not while the other is', async (context) => {
    const { server, url, folder } = await startLoops(context);
    await rename(join(folder, 'm', '1', 'model.onnx'), join(folder, 'm', '1', 'gone'));
    process.kill(loopsOf(server)[1] ?? 0, 'SIGKILL');
    const unready = await untilReady(url, 503);
    assert.match(unready.body.toString(), /HTTP loop 2 of 2 is/);
    // It has tried to load the model.
    while (!/HTTP loop 2 of 2 is not ready/.test((await untilReady(url, 503)).body.toString()));
    const answers = await repeat(many, () => sendAlone(url, goodCall));
    for (const answer of answers) sums(answer);
    assert.equal(processesOf(answers).size, 1);
    process.kill(loopsOf(server)[0] ?? 0, 'SIGKILL');
    // Where none is ready, each answers why.
    for (;;) {
      const failures = await repeat(many, () => sendAlone(url, goodCall)).catch(() => []);
      if (processesOf(failures).size < 2) continue;
      assert.deepEqual(statusesOf(failures), [404]);
      break;
    }
  });

  it('loads and unloads in both, and in one that comes later', async (context) => {
    const { server, url } = await startLoops(context);
    const manage = (action: string) => sendAlone(url, { path: `/v2/repository/models/m/${action}`, body: '{}' });
    assert.equal((await manage('unload')).status, 200);
    assert.deepEqual(statusesOf(await repeat(many, () => sendAlone(url, goodCall))), [404]);
    process.kill(loopsOf(server)[0] ?? 0, 'SIGKILL');
    await untilReplaced(url);
    const answers = await repeat(many, () => sendAlone(url, goodCall));
    assert.deepEqual([processesOf(answers).size, statusesOf(answers)], [2, [404]]);
    assert.equal((await manage('load')).status, 200);
    assert.deepEqual(statusesOf(await repeat(many, () => sendAlone(url, goodCall))), [200]);
    assert.equal((await sendAlone(url, { path: '/v2/repository/models/none/load', body: '{}' })).status, 404);
  });

  it('loses no request when it is told to end: kept-alive connections are closed by an answer', async (context) => {
    const { server, url } = await startLoops(context, '--stop-delay', '3s');
    let answered = 0;
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let isOpen = true; isOpen;) {
        const sent = request(`${url}${goodCall.path}`, { method: 'POST', headers: { ...goodCall.headers }, agent });
        sent.end(goodCall.body);
        const [response] = (await once(sent, 'response')) as [IncomingMessage];
        await buffer(response);
        answered += 1;
        assert.equal(response.statusCode, 200);
        isOpen = response.headers.connection !== 'close';
        if (answered === 200) server.child.kill('SIGTERM');
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    assert.deepEqual(await server.ended, [0, null]);
    assert.ok(answered >= 200);
  });

  it('refuses a port that another server has, which the system would let it share', async (context) => {
    const { url, folder } = await startLoops(context);
    const { port } = new URL(url);
    const other = startProcess(context, '--models', folder, '--http-loops', '2', '--port', port);
    assert.deepEqual(await other.ended, [3, null]);
    assert.match(other.text(), new RegExp(`127\\.0\\.0\\.1 port ${port} is in use by another process`));
  });

  it('takes its port back from a loop that hangs and whose parent is gone', async (context) => {
    const { server, url, folder } = await startLoops(context);
    const hanging = loopsOf(server)[1] ?? 0;
    process.kill(hanging, 'SIGSTOP');
    context.after(() => {
      if (existsSync(`/proc/${hanging}`)) process.kill(hanging, 'SIGKILL');
    });
    server.child.kill('SIGKILL');
    await once(server.child, 'exit');
    const { port } = new URL(url);
    const next = startProcess(context, '--models', folder, '--http-loops', '2', '--port', port);
    const text = await next.until(/loops +2 HTTP loops on this port/);
    assert.match(text, new RegExp(`"pid":${hanging},.*"an HTTP loop outlived its parent: it is ended"`));
    const answers = await repeat(many, () => sendAlone(url, goodCall));
    for (const answer of answers) sums(answer);
    assert.equal(processesOf(answers).size, 2);
  });

  it('ends by a hangup as one with one loop does, and says nothing of requests that finish', async (context) => {
    for (const signal of ['SIGHUP', 'SIGQUIT'] as const) {
      const { server } = await startLoops(context);
      server.child.kill(signal);
      assert.deepEqual(await server.ended, [null, signal]);
      assert.doesNotMatch(server.text(), /stopping|stopped/);
    }
  });

  it('does not load a model with the state of sequences, and says why', async (context) => {
    const folder = await folderWith(context, m, {
      name: 'vad',
      graph: recurrent,
      config: recurrentState,
    });
    const server = startProcess(context, '--models', folder, '--http-loops', '2');
    const url = urlOf(await server.until(/loops +2 HTTP loops/));
    const unready = await send(url, ready);
    assert.equal(unready.status, 503);
    assert.match(unready.body.toString(), /'?vad'?.*keeps the state of sequences.*one of 2 HTTP loops/);
    sums(await send(url, goodCall));
  });

  it('is not started where its health port is taken', async (context) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    context.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const folder = await folderWith(context, m);
    const server = startProcess(context, '--models', folder, '--http-loops', '2', '--health-port', String(port));
    assert.deepEqual(await server.ended, [3, null]);
    assert.match(server.text(), new RegExp(`port ${port} \\(--health-port\\) is in use by another process`));
  });

  it('ends as a start ends that fails, once', async (context) => {
    const server = startProcess(context, '--http-loops', '2', '--models', '/nowhere/models');
    assert.deepEqual(await server.ended, [4, null]);
    assert.equal(server.text().match(/cannot be read: create it/g)?.length, 1);
  });
});

describe('several HTTP loops', () => {
  it('are refused by name where they would not work', async (context) => {
    const server = startProcess(context, '--http-loops', '2', '--grpc-port', '0');
    assert.deepEqual(await server.ended, [2, null]);
    const expected =
      sharesPorts && availableParallelism() >= 2 ? /--grpc-port is served by one loop/ : /--http-loops 2: /;
    assert.match(server.text(), expected);
  });

  it('need a Node.js that lets processes share a port', { skip: sharesPorts && 'this one does' }, async (context) => {
    const server = startProcess(context, '--http-loops', '2');
    assert.deepEqual(await server.ended, [2, null]);
    assert.match(
      server.text(),
      /--http-loops 2: (this is Node\.js .* need 22\.12 or newer|several processes cannot listen)/,
    );
  });
});
