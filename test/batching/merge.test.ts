import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { piecesOf } from '../../src/batching/merge.js';
import { AppError } from '../../src/errors.js';
import { echo, numbersOf, openDesk, refusedWith, request, type Desk } from './desk.js';

afterEach(() => mock.timers.reset());

const counted = (rows: number, first = 0) => Array.from({ length: rows }, (_, row) => first + row);
const rowsOf = (desk: Desk) => desk.taken.map(({ job }) => job.rows);

/** Answers what runs, last taken first, until nothing is left. */
async function answerAll(desk: Desk, outcome = echo): Promise<void> {
  for (let isDone = false; !isDone;) {
    desk.pass(0);
    desk.pull();
    isDone = desk.taken.length === 0;
    for (const run of desk.taken.splice(0).reverse()) {
      run.resolve(outcome(run));
      desk.freeWorkers += 1;
    }
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
}

describe('pieces', () => {
  const cases: readonly [rows: number, maxRows: number, buckets: readonly number[], pieces: readonly number[]][] = [
    [33, 32, [], [17, 16]],
    [100, 32, [], [25, 25, 25, 25]],
    [9, 4, [], [3, 3, 3]],
    [7, 2, [], [2, 2, 2, 1]],
    [33, 32, [1, 8, 32], [32, 1]],
    [100, 32, [1, 8, 32], [32, 32, 32, 4]],
  ];
  for (const [rows, maxRows, buckets, pieces] of cases) {
    it(`of ${rows} rows are ${pieces.join(', ')} where ${maxRows} run together${buckets.length > 0 ? ' in buckets' : ''}`, () => {
      const config = {
        maxRows,
        buckets,
        isRequestLimit: false,
        maxDelayMs: 0,
        maxQueueRows: 1,
        maxQueueMs: 0,
        queueTimeoutMs: 0,
      };
      assert.deepEqual(piecesOf(rows, config), pieces);
    });
  }

  it('are larger where so many rows cost next to nothing, but where runs are padded to buckets', () => {
    const config = { isRequestLimit: false, maxDelayMs: 0, maxQueueRows: 1, maxQueueMs: 0, queueTimeoutMs: 0 };
    const [plain, padded] = [[], [8, 32]].map((buckets) => ({ ...config, maxRows: 32, buckets }));
    assert.deepEqual(piecesOf(1000, plain!, 400), [334, 334, 332]);
    assert.deepEqual(piecesOf(1000, plain!, 5000), [1000]);
    // A clock that saw no time pass: rows cost nothing.
    assert.deepEqual(piecesOf(1000, plain!, Number.POSITIVE_INFINITY), [1000]);
    assert.deepEqual(piecesOf(64, plain!, 7), [32, 32]);
    assert.deepEqual(piecesOf(40, padded!, 5000), [32, 8]);
  });
});

describe('a request of more rows than a run takes', () => {
  it('is cut by what a row has cost: a first run tells, where there would be many', async () => {
    const desk = openDesk({}, 1);
    const answer = desk.batcher.enqueue(request(counted(5000)));
    await answerAll(desk, (run) => ({ ...echo(run), timing: { inputNs: 1e3, computeNs: 8e3, outputNs: 1e3 } }));
    assert.deepEqual(numbersOf(await answer), counted(5000));
    const rows = desk.records.map((record) => record.rows);
    assert.deepEqual(rows, [8, 2496, 2496]);
  });

  it('tells every device that computed a piece of it, each once', async () => {
    const desk = openDesk({}, 3);
    const answer = desk.batcher.enqueue(request(counted(20)));
    desk.pass(0);
    for (const [n, run] of desk.taken.entries())
      run.resolve({ ...echo(run), device: ['cuda:1', 'cuda:0', 'cuda:1'][n] });
    assert.equal((await answer).device, 'cuda:1,cuda:0');
  });

  it('runs in pieces on the free workers, and its answer is put together in order', async () => {
    const desk = openDesk({}, 2);
    const answer = desk.batcher.enqueue(request(counted(20)));
    desk.pass(0);
    assert.deepEqual([rowsOf(desk), desk.batcher.queuedRows], [[7, 7], 6]);
    await answerAll(desk);
    const result = await answer;
    assert.deepEqual(numbersOf(result), counted(20));
    assert.deepEqual(result.outputs.get('Y')!.shape, [20, 2]);
    assert.deepEqual([result.batchRows, result.batchRequests, result.timings.computeMs], [7, 1, 2]);
  });

  it('shares runs with other requests, each of which gets its own rows', async () => {
    const desk = openDesk({}, 0);
    const large = desk.batcher.enqueue(request(counted(18)));
    const small = desk.batcher.enqueue(request([100, 101]));
    desk.freeWorkers = 1;
    await answerAll(desk);
    assert.deepEqual(numbersOf(await large), counted(18));
    assert.deepEqual(numbersOf(await small), [100, 101]);
    assert.deepEqual(
      desk.records.map(({ rows, requests }) => [rows, requests]),
      [
        [8, 2],
        [6, 1],
        [6, 1],
      ],
    );
  });

  it('runs whole where the model does not batch, or where its number is a limit that others check', () => {
    const off = openDesk({ maxRows: 0 }, 1);
    void off.batcher.enqueue(request(counted(20)));
    assert.deepEqual(rowsOf(off), [0]);
    mock.timers.reset();
    const limited = openDesk({ isRequestLimit: true }, 1);
    void limited.batcher.enqueue(request(counted(20)));
    limited.pass(0);
    assert.deepEqual(rowsOf(limited), [20]);
  });

  it('is taken into an empty queue however many rows it has, and refused where others wait', async () => {
    const desk = openDesk({ maxQueueRows: 10 });
    void desk.batcher.enqueue(request(counted(20)));
    assert.equal(desk.batcher.queuedRows, 20);
    await assert.rejects(desk.batcher.enqueue(request([1])), refusedWith('QUEUE_FULL'));
  });

  it('was taken in time once its first piece runs', async () => {
    const desk = openDesk({ queueTimeoutMs: 30 }, 1);
    const answer = desk.batcher.enqueue(request(counted(16)));
    desk.pass(0);
    desk.pass(100);
    assert.equal(desk.batcher.queuedRows, 8);
    await answerAll(desk);
    assert.deepEqual(numbersOf(await answer), counted(16));
  });

  it('is dropped whole when its time in the queue is over', async () => {
    const desk = openDesk({ queueTimeoutMs: 30 });
    const answer = desk.batcher.enqueue(request(counted(16)));
    const refused = assert.rejects(answer, refusedWith('QUEUE_TIMEOUT'));
    desk.pass(30);
    await refused;
    desk.pass(50);
    assert.equal(desk.batcher.queuedRows, 0);
  });

  it('leaves the queue when its client leaves', async () => {
    const desk = openDesk({}, 1);
    const client = new AbortController();
    const answer = desk.batcher.enqueue(request(counted(24), { signal: client.signal }));
    desk.pass(0);
    client.abort();
    const refused = assert.rejects(answer, refusedWith('CLIENT_GONE'));
    desk.pass(50);
    assert.equal(desk.batcher.queuedRows, 0);
    desk.taken[0]!.resolve(echo(desk.taken[0]!));
    await refused;
  });

  it('runs again whole where a piece fails, and in no pieces any more where that succeeds', async () => {
    const desk = openDesk({}, 1);
    const answer = desk.batcher.enqueue(request(counted(16)));
    desk.pass(0);
    desk.taken.shift()!.reject(new AppError('ENGINE_FAILED', 'divides'));
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    desk.freeWorkers = 1;
    desk.pass(0);
    desk.pull();
    assert.deepEqual(rowsOf(desk), [16]);
    await answerAll(desk);
    assert.deepEqual(numbersOf(await answer), counted(16));
    assert.deepEqual(desk.faults, [{ kind: 'failed', reason: 'divides' }]);
  });

  it('runs again whole where a piece has not one entry for each row', async () => {
    const desk = openDesk({}, 2);
    const answer = desk.batcher.enqueue(request(counted(16)));
    desk.pass(0);
    for (const run of desk.taken.splice(0)) {
      const { outputs, timing } = echo(run);
      const { datatype, shape, data } = outputs.get('Y')!;
      run.resolve({ outputs: new Map([['Y', { datatype, shape: [1, ...shape], data } as never]]), timing });
    }
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    desk.freeWorkers = 2;
    await answerAll(desk);
    assert.deepEqual(numbersOf(await answer), counted(16));
    assert.deepEqual(
      desk.faults.map(({ kind }) => kind),
      ['uncut'],
    );
  });

  it('is waited for by a drain', async () => {
    const desk = openDesk({}, 1);
    const answer = desk.batcher.enqueue(request(counted(24)));
    let isDrained = false;
    const drained = desk.batcher.drain().then(() => (isDrained = true));
    await answerAll(desk);
    assert.deepEqual(numbersOf(await answer), counted(24));
    await drained;
    assert.equal(isDrained, true);
  });
});
