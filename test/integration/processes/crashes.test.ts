import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { send } from '../../support/http.js';
import { putModel, slowProduct, sumAndDifference } from '../../support/models.js';
import { folderWith, startProcess, urlOf, type ServerProcess } from '../../support/server-process.js';
import { goodCall, sums } from '../http/cases/case.js';

/** Runs for seconds, so that it is under way when its process is ended. */
const slow = (steps = 600) => ({
  name: 'slow',
  graph: slowProduct(steps),
  config: { batching: { maxRows: 0 }, warmup: false, instances: { cpu: 1 } },
});
const m = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };
const slowCall = {
  path: '/v2/models/slow/infer',
  body: JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1], data: [1] }] }),
};

interface Place {
  readonly models: string;
  readonly cache: string;
}

async function makePlace(context: TestContext, steps?: number): Promise<Place> {
  const cache = await mkdtemp(join(tmpdir(), 'slipway-crash-cache-'));
  context.after(() => rm(cache, { recursive: true, force: true }));
  return { models: await folderWith(context, slow(steps), m), cache };
}

interface Served {
  readonly server: ServerProcess;
  readonly url: string;
}

/** Starts a server and waits until each of its models is ready or has failed. */
async function start(context: TestContext, { models, cache }: Place, ...flags: readonly string[]): Promise<Served> {
  const server = startProcess(context, '--models', models, '--cache-dir', cache, ...flags);
  return { server, url: urlOf(await server.until(/^(?:not )?ready\b/m)) };
}

/** Sends the slow request and resolves, with what becomes of it, once it runs. */
async function occupy(url: string): Promise<{ readonly answer: ReturnType<typeof send> }> {
  const answer = send(url, slowCall);
  answer.catch(() => undefined);
  for (;;) {
    const { body } = await send(url, { path: '/metrics' });
    if (/^slipway_workers_busy 1$/m.test(body.toString())) return { answer };
  }
}

async function crashWhileSlowRuns({ server, url }: Served, signal: NodeJS.Signals): Promise<void> {
  await occupy(url);
  server.child.kill(signal);
  assert.deepEqual(await server.ended, [null, signal]);
}

async function stop({ server }: Served): Promise<void> {
  server.child.kill('SIGTERM');
  assert.deepEqual(await server.ended, [0, null]);
}

async function notesOf(url: string, model: string): Promise<string> {
  const { body } = await send(url, { path: `/v2/models/${model}` });
  return body.toString();
}

async function indexed(url: string, name: string): Promise<{ readonly state: string; readonly reason: string }> {
  const { body } = await send(url, { path: '/v2/repository/index', body: '{}' });
  const all = JSON.parse(body.toString()) as readonly { name: string; state: string; reason: string }[];
  return all.find((entry) => entry.name === name) ?? assert.fail(body.toString());
}

/** The process that a server gave to a model. */
function processOf({ server }: Served, model: string): number {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const found = lines
    .map((line) => line.trim().split(/\s+/))
    .find(([, ppid, ...args]) => {
      return Number(ppid) === server.child.pid && args.join(' ').includes(`(${model}/1)`);
    });
  return Number(found?.[0] ?? assert.fail(lines.join('\n')));
}

async function faultApart(served: Served): Promise<void> {
  const { answer } = await occupy(served.url);
  process.kill(processOf(served, 'slow'), 'SIGSEGV');
  const { status, body } = await answer;
  assert.equal(status, 503);
  assert.match(body.toString(), /signal SIGSEGV/);
}

const apart = /It runs in a process of its own: the server's process ended .* while this model was running/;

describe(
  'a model that was running when the server crashed',
  { skip: process.platform === 'win32', concurrency: 2 },
  () => {
    it('runs apart and serves on whatever requests do to its processes, until its files change', async (context) => {
      const place = await makePlace(context);
      await crashWhileSlowRuns(await start(context, place), 'SIGSEGV');

      let served = await start(context, place);
      assert.match(await notesOf(served.url, 'slow'), apart);
      assert.doesNotMatch(await notesOf(served.url, 'm'), /of its own/);
      assert.match(served.server.text(), /"model":"slow\/1".*"message":"model suspected of a crash/);
      const metrics = (await send(served.url, { path: '/metrics' })).body.toString();
      assert.match(metrics, /^slipway_model_crashes\{model="slow",version="1",state="suspect"\} 1$/m);
      for (let faults = 0; faults < 2; faults += 1) {
        await faultApart(served);
        sums(await send(served.url, goodCall));
        assert.equal((await send(served.url, slowCall)).status, 200);
        assert.equal((await indexed(served.url, 'slow')).state, 'READY');
      }
      assert.equal((await send(served.url, { path: '/v2/health/ready' })).status, 200);
      await stop(served);

      served = await start(context, place);
      assert.match(
        await notesOf(served.url, 'slow'),
        /It runs in a process of its own: .*signal SIGSEGV.* \(while it was running\)/,
      );
      assert.equal((await send(served.url, slowCall)).status, 200);
      await stop(served);

      await putModel(place.models, slow(500));
      served = await start(context, place);
      assert.doesNotMatch(await notesOf(served.url, 'slow'), /of its own/);
      await stop(served);
    });

    it('is suspected after the watchdog ended it too, until crashes are forgotten as asked for', async (context) => {
      // However fast the machine is, a run of so many steps takes longer than the watchdog's limit.
      const place = await makePlace(context, 2000);
      const first = await start(context, place, '--watchdog', '500ms');
      send(first.url, slowCall).catch(() => undefined);
      assert.deepEqual(await first.server.ended, [null, 'SIGKILL']);
      const second = await start(context, place);
      assert.match(await notesOf(second.url, 'slow'), apart);
      await stop(second);
      const third = await start(context, place, '--forget-crashes');
      assert.doesNotMatch(await notesOf(third.url, 'slow'), /of its own/);
      await stop(third);
    });

    it('is not suspected where the end was asked for, by a second signal as well', async (context) => {
      const place = await makePlace(context);
      const first = await start(context, place);
      await occupy(first.url);
      first.server.child.kill('SIGTERM');
      await first.server.until(/stopping/);
      first.server.child.kill('SIGTERM');
      assert.deepEqual(await first.server.ended, [null, 'SIGKILL']);
      const second = await start(context, place);
      assert.doesNotMatch(await notesOf(second.url, 'slow'), /of its own/);
      await stop(second);
      assert.deepEqual(
        (await readdir(join(place.cache, 'crashes'))).filter((name) => name.endsWith('.journal')),
        [],
      );
    });

    it('is not suspected where it had rested when the server was killed', async (context) => {
      const place = await makePlace(context);
      const first = await start(context, place);
      sums(await send(first.url, goodCall));
      const names = await readdir(join(place.cache, 'crashes'));
      const name = names.find((each) => each.endsWith('.journal')) ?? assert.fail(names.join());
      while (/^(?:loading|warming|running)/m.test(await readFile(join(place.cache, 'crashes', name), 'utf8')));
      first.server.child.kill('SIGKILL');
      await first.server.ended;
      const second = await start(context, place);
      assert.doesNotMatch(second.server.text(), /suspected/);
      assert.doesNotMatch(await notesOf(second.url, 'm'), /of its own/);
      await stop(second);
    });
  },
);
