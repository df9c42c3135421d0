import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { AppError } from '../../src/errors.js';
import type { BatcherOptions, InferResult } from '../../src/batching/types.js';
import type { PendingRun, RunSize } from '../../src/workers/runner.js';
import { echo, numbersOf, openDesk, refusedWith, request, runsOf } from './desk.js';

afterEach(() => mock.timers.reset());

interface Here {
  /** Runs that happened here. */
  readonly runs: PendingRun[];
  /** Sizes that were asked about. */
  readonly asked: RunSize[];
  readonly inline: NonNullable<BatcherOptions['inline']>;
}

interface Wish {
  /** Whether requests come one at a time. */
  readonly isLone?: boolean;
  readonly isOpen?: boolean;
  readonly mayRun?: (run: RunSize) => boolean;
  readonly settle?: (pending: PendingRun) => void;
}

const succeed = (pending: PendingRun): void => pending.resolve(echo(pending));

function here({ isLone = false, isOpen = true, mayRun = () => true, settle = succeed }: Wish = {}): Here {
  const [runs, asked]: [PendingRun[], RunSize[]] = [[], []];
  const inline = {
    isOpen,
    arrive: () => isLone,
    mayRun(run: RunSize): boolean {
      asked.push(run);
      return mayRun(run);
    },
    run(pending: PendingRun): void {
      runs.push(pending);
      settle(pending);
    },
  };
  return { runs, asked, inline };
}

const numbersIn = (runs: readonly PendingRun[]) =>
  runs.map(({ job }) => job.requests.map((inputs) => (inputs.get('X')?.data as Int32Array)[0]));

const answersOf = async (results: readonly Promise<InferResult>[]) =>
  (await Promise.all(results)).map((result) => numbersOf(result));

describe('a batcher whose runs are cheap', () => {
  for (const maxRows of [0, 8]) {
    it(`runs a request at once where requests come one at a time (maxRows ${maxRows})`, async () => {
      const { runs, inline } = here({ isLone: true });
      const desk = openDesk({ maxRows }, 1, inline);
      const result = desk.batcher.enqueue(request([5]));
      assert.equal(runs.length, 1);
      assert.deepEqual([...((await result).outputs.get('Y')?.data as Int32Array)], [5, 5]);
      assert.equal(desk.taken.length, 0);
      assert.equal(desk.batcher.queuedRows, 0);
      assert.deepEqual(
        desk.records.map(({ rows, requests }) => [rows, requests]),
        [[1, 1]],
      );
    });
  }

  it('runs the requests of one turn of the event loop together, each answered with its own rows', async () => {
    const { runs, asked, inline } = here();
    const desk = openDesk({ maxRows: 8 }, 2, inline);
    const results = [[1], [2_000_000_000, -3], [0, 0, -2_147_483_648]].map((numbers) =>
      desk.batcher.enqueue(request(numbers)),
    );
    assert.equal(runs.length, 0, 'others of the turn may follow');
    desk.pass(0);
    assert.deepEqual(numbersIn(runs), [[1, 2_000_000_000, 0]]);
    assert.deepEqual(
      asked.map(({ rows, requests }) => [rows, requests]),
      [[6, 3]],
    );
    assert.deepEqual(await answersOf(results), [[1], [2_000_000_000, -3], [0, 0, -2_147_483_648]]);
    assert.deepEqual([desk.taken.length, desk.batcher.queuedRows], [0, 0]);
  });

  it('fills runs up to the most rows, and pads them as the workers would', async () => {
    const { runs, inline } = here();
    const desk = openDesk({ maxRows: 4, buckets: [2, 4] }, 2, inline);
    const results = [1, 2, 3, 4, 5].map((number) => desk.batcher.enqueue(request([number])));
    const wide = desk.batcher.enqueue(request([6, 7, 8], { width: 3 }));
    desk.pass(0);
    assert.deepEqual(numbersIn(runs), [[1, 2, 3, 4], [5], [6]]);
    assert.deepEqual(
      runs.map(({ job }) => job.rows),
      [4, 2, 4],
    );
    assert.deepEqual(await answersOf([...results, wide]), [[1], [2], [3], [4], [5], [6, 7, 8]]);
  });

  it('runs those of a model that does not batch one after the other at the end of the turn', async () => {
    const { runs, inline } = here();
    const desk = openDesk({ maxRows: 0 }, 2, inline);
    const results = [7, -8, 9].map((number) => desk.batcher.enqueue(request([number])));
    assert.equal(runs.length, 0);
    desk.pass(0);
    assert.deepEqual(numbersIn(runs), [[7], [-8], [9]]);
    assert.deepEqual(await answersOf(results), [[7], [-8], [9]]);
  });

  it('leaves to the workers, in order, what is not cheap and what stands behind it', () => {
    let left = 1;
    const { runs, inline } = here({ mayRun: () => left-- > 0 });
    const desk = openDesk({ maxRows: 0 }, 1, inline);
    for (const number of [1, 2, 3]) void desk.batcher.enqueue(request([number]));
    desk.pass(0);
    assert.deepEqual([numbersIn(runs), runsOf(desk), desk.batcher.queuedRows], [[[1]], [[2]], 1]);
    left = 2;
    void desk.batcher.enqueue(request([4]));
    desk.pass(0);
    assert.deepEqual(numbersIn(runs), [[1], [3], [4]], 'what had waited comes first');
  });

  it('offers to the workers at once where nothing may run here yet and the model does not batch', () => {
    const { runs, asked, inline } = here({ isOpen: false });
    const desk = openDesk({ maxRows: 0 }, 1, inline);
    void desk.batcher.enqueue(request([1]));
    assert.deepEqual([runs.length, asked.length, runsOf(desk)], [0, 0, [[1]]]);
  });

  it('serves higher priorities first, and drops that whose client has left', async () => {
    const { runs, inline } = here();
    const desk = openDesk({ maxRows: 0, maxDelayMs: 0 }, 1, inline);
    const gone = new AbortController();
    const left = desk.batcher.enqueue(request([1], { signal: gone.signal }));
    const last = desk.batcher.enqueue(request([2]));
    const first = desk.batcher.enqueue(request([3], { priority: 1 }));
    gone.abort();
    desk.pass(0);
    assert.deepEqual(numbersIn(runs), [[3], [2]]);
    await assert.rejects(left, refusedWith('CLIENT_GONE'));
    assert.deepEqual(await answersOf([last, first]), [[2], [3]]);
  });

  it('does not run here what waited for longer than it may', async () => {
    let may = false;
    const { runs, inline } = here({ mayRun: () => may });
    const desk = openDesk({ maxRows: 0 }, 0, inline);
    const late = desk.batcher.enqueue(request([4], { queueTimeoutMs: 5 }));
    const refused = assert.rejects(late, refusedWith('QUEUE_TIMEOUT', /within 5 ms/));
    desk.pass(6);
    may = true;
    const next = desk.batcher.enqueue(request([5]));
    desk.pass(0);
    await refused;
    assert.deepEqual([numbersIn(runs), await answersOf([next])], [[[5]], [[5]]]);
  });

  it('waits for company for as long as the model says', async () => {
    const { runs, inline } = here();
    const desk = openDesk({ maxRows: 8, maxDelayMs: 3 }, 1, inline);
    const results = [desk.batcher.enqueue(request([1]))];
    desk.pass(2);
    results.push(desk.batcher.enqueue(request([2])));
    assert.equal(runs.length, 0);
    desk.pass(1);
    assert.deepEqual(numbersIn(runs), [[1, 2]]);
    assert.deepEqual(await answersOf(results), [[1], [2]]);
  });

  it('leaves a request that replaces a default to the workers', () => {
    const { runs, asked, inline } = here({ isLone: true });
    const desk = openDesk({ maxRows: 8 }, 1, inline);
    void desk.batcher.enqueue(request([1], { isAlone: true }));
    desk.pass(0);
    assert.deepEqual([runs.length, asked.length, runsOf(desk)], [0, 0, [[1]]]);
  });

  it('fails a lone request that fails here, as one that fails there', async () => {
    const fail = (pending: PendingRun): void => pending.reject(new AppError('ENGINE_FAILED', 'it failed'));
    const { inline } = here({ isLone: true, settle: fail });
    const desk = openDesk({ maxRows: 0 }, 1, inline);
    await assert.rejects(desk.batcher.enqueue(request([1])), { code: 'ENGINE_FAILED', message: 'it failed' });
    assert.equal(desk.taken.length, 0);
  });

  it('repeats by the workers, one by one, the requests of a shared run that failed here, so that bad data fails its own alone', async () => {
    const fail = (pending: PendingRun): void => pending.reject(new AppError('ENGINE_FAILED', 'bad data'));
    const { runs, inline } = here({ settle: fail });
    const desk = openDesk({ maxRows: 8 }, 3, inline);
    const results = [1, -1, 3].map((number) => desk.batcher.enqueue(request([number])));
    const settled = Promise.allSettled(results);
    desk.pass(0);
    assert.deepEqual(numbersIn(runs), [[1, -1, 3]]);
    assert.deepEqual(runsOf(desk), [[1], [-1], [3]]);
    for (const [index, run] of desk.taken.entries()) {
      if (index === 1) run.reject(new AppError('ENGINE_FAILED', 'bad data'));
      else run.resolve(echo(run));
    }
    const outcomes = (await settled).map((each) =>
      each.status === 'fulfilled' ? numbersOf(each.value) : (each.reason as AppError).message,
    );
    assert.deepEqual(outcomes, [[1], 'bad data', [3]]);
    assert.deepEqual(desk.faults, []);
  });
});
