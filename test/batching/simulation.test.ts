import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { AppError } from '../../src/errors.js';
import { createRandom } from '../../src/tensor/random.js';
import type { InferResult } from '../../src/batching/types.js';
import type { PendingRun } from '../../src/workers/runner.js';
import { echo, numbersOf, openDesk, request } from './desk.js';

afterEach(() => mock.timers.reset());

interface Client {
  readonly numbers: readonly number[];
  readonly controller: AbortController;
  answers: number;
  result?: InferResult;
  error?: AppError;
}

const isPoison = (run: PendingRun) => run.job.requests.some((r) => (r.get('X')!.data as Int32Array).includes(-1));

/** Random arrivals, shapes, priorities, limits, cancels, failures and lost workers over some virtual seconds. */
async function simulate(seed: number, maxRows: number, isCheap: boolean) {
  const random = createRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const buckets = maxRows > 1 && random() < 0.5 ? [2, maxRows] : [];
  const jobs: PendingRun['job'][] = [];
  let runsHere = 0;
  const inline = {
    isOpen: true,
    arrive: () => random() < 0.3,
    mayRun: () => random() < 0.5,
    run(run: PendingRun): void {
      runsHere += 1;
      jobs.push(run.job);
      if (isPoison(run)) run.reject(new AppError('ENGINE_FAILED', 'poison'));
      else run.resolve(echo(run));
    },
  };
  const desk = openDesk(
    { maxRows, buckets, maxDelayMs: below(4), maxQueueRows: 40, queueTimeoutMs: 200 },
    3,
    isCheap ? inline : undefined,
  );
  const clients: Client[] = [];
  const running: { run: PendingRun; endMs: number }[] = [];
  const settle = (run: PendingRun): void => {
    desk.freeWorkers += 1;
    if (random() < 0.03) run.reject(new AppError('WORKER_LOST', 'crashed'));
    else if (isPoison(run)) run.reject(new AppError('ENGINE_FAILED', 'poison'));
    else run.resolve(echo(run));
  };
  const send = (): void => {
    const rows = maxRows === 0 ? 1 : 1 + below(Math.min(maxRows, 5));
    const number = random() < 0.05 ? -1 : clients.length + 1;
    const client: Client = { numbers: Array(rows).fill(number), controller: new AbortController(), answers: 0 };
    clients.push(client);
    const { signal } = client.controller;
    const wish = { signal, width: 1 + below(3), priority: below(3), queueTimeoutMs: below(2) * (5 + below(50)) };
    desk.batcher.enqueue(request(client.numbers, wish)).then(
      (result) => ((client.answers += 1), (client.result = result)),
      (error: unknown) => ((client.answers += 1), (client.error = error as AppError)),
    );
  };
  for (let ms = 0; ms < 600; ms += 1) {
    for (let n = below(4); n > 0; n -= 1) send();
    if (random() < 0.1) clients[below(clients.length)]?.controller.abort();
    desk.pass(1);
    for (const run of desk.taken.splice(0)) {
      jobs.push(run.job);
      running.push({ run, endMs: desk.nowMs() + below(8) });
    }
    for (const done of running.filter(({ endMs }) => endMs <= desk.nowMs())) {
      running.splice(running.indexOf(done), 1);
      settle(done.run);
    }
  }
  const drained = desk.batcher.drain();
  for (
    let turn = 0;
    turn < 500 && (running.length > 0 || desk.taken.length > 0 || desk.batcher.queuedRows > 0);
    turn += 1
  ) {
    const last = [...running.splice(0).map(({ run }) => run), ...desk.taken.splice(0)];
    for (const run of last) settle(run);
    desk.pass(1);
  }
  await drained;
  return { clients, jobs, buckets, runsHere };
}

describe('a batcher under random load', () => {
  for (const [seed, maxRows, isCheap] of [
    [1, 8, false],
    [2, 5, false],
    [3, 1, false],
    [4, 0, false],
    [5, 16, false],
    [6, 8, true],
    [7, 0, true],
    [8, 16, true],
  ] as const) {
    const what = `seed ${seed}, maxRows ${maxRows}${isCheap ? ', some runs here' : ''}`;
    it(`answers every request once with its own rows (${what})`, async () => {
      const { clients, jobs, buckets, runsHere } = await simulate(seed, maxRows, isCheap);
      assert.equal(runsHere > 30, isCheap, String(runsHere));
      assert.ok(clients.length > 500);
      for (const { numbers, controller, answers, result, error } of clients) {
        assert.equal(answers, 1);
        if (result !== undefined) assert.deepEqual(numbersOf(result), numbers);
        if (error === undefined || controller.signal.aborted) continue;
        if (error.code === 'ENGINE_FAILED') assert.equal(numbers[0], -1, 'failed by a neighbour');
        else assert.match(error.code, /^(QUEUE_FULL|QUEUE_TIMEOUT|WORKER_LOST)$/);
      }
      const codes = new Set(clients.map(({ error }) => error?.code));
      for (const code of ['CLIENT_GONE', 'ENGINE_FAILED', 'QUEUE_TIMEOUT']) assert.ok(codes.has(code as never), code);

      for (const { requests, rows } of jobs) {
        const sizes = requests.map((r) => r.get('X')!.shape[0] ?? 0);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        assert.equal(new Set(requests.map((r) => r.get('X')!.shape[1])).size, 1, 'mixed row shapes');
        if (maxRows === 0) assert.deepEqual([requests.length, rows], [1, 0]);
        else {
          const padded = buckets.find((bucket) => bucket >= total) ?? total;
          const isRepeated = requests.length === 1 && rows === total;
          assert.ok(total <= maxRows && (rows === padded || isRepeated), `${total} rows ran as ${rows}`);
        }
      }
      if (maxRows > 1)
        assert.ok(
          jobs.some(({ requests }) => requests.length > 1),
          'nothing was batched',
        );
    });
  }
});
