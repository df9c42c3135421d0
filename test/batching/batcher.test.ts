import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { AppError } from '../../src/errors.js';
import { echo, numbersOf, openDesk, refusedWith, request, runsOf, timing } from './desk.js';

afterEach(() => mock.timers.reset());

describe('a batcher', () => {
  it('gives each request exactly its own rows of a shared run, without the padding', async () => {
    const desk = openDesk({ buckets: [4, 8] }, 1);
    const answers = [request([1, 2]), request([3]), request([4, 5])].map((r) => desk.batcher.enqueue(r));
    desk.pass(0);
    assert.equal(desk.taken.length, 1);
    assert.equal(desk.taken[0]!.job.rows, 8);
    desk.taken[0]!.resolve(echo(desk.taken[0]!));
    const results = await Promise.all(answers);
    assert.deepEqual(
      results.map((result) => numbersOf(result)),
      [[1, 2], [3], [4, 5]],
    );
    assert.deepEqual(results[0]!.outputs.get('Y')!.shape, [2, 2]);
    assert.deepEqual([results[0]!.batchRows, results[0]!.batchRequests], [5, 3]);
    assert.deepEqual(results[0]!.timings, { queueMs: 0, inputMs: 1, computeMs: 2, outputMs: 3 });
    assert.deepEqual(desk.records, [{ rows: 5, rowsToRun: 8, requests: 3, timing, device: undefined }]);
  });

  it('cuts rows as views of the run, not copies', async () => {
    const desk = openDesk({}, 1);
    const answers = [request([1]), request([2])].map((r) => desk.batcher.enqueue(r));
    desk.pass(0);
    desk.taken[0]!.resolve(echo(desk.taken[0]!));
    const [one, two] = await Promise.all(answers);
    const bufferOf = (result: typeof one) => (result!.outputs.get('Y')!.data as Int32Array).buffer;
    assert.equal(bufferOf(one), bufferOf(two));
  });

  it('runs the union of the wanted outputs and answers each request its own', async () => {
    const desk = openDesk({}, 1);
    const answers = [request([1]), request([2], { outputs: ['Z', 'Y'] })].map((r) => desk.batcher.enqueue(r));
    desk.pass(0);
    assert.deepEqual(desk.taken[0]!.job.outputs, ['Y', 'Z']);
    desk.taken[0]!.resolve(echo(desk.taken[0]!));
    const results = await Promise.all(answers);
    assert.deepEqual(
      results.map(({ outputs }) => [...outputs.keys()]),
      [['Y'], ['Z', 'Y']],
    );
  });

  it('runs requests of another row shape apart', () => {
    const desk = openDesk({}, 2);
    for (const r of [request([1]), request([2], { width: 3 }), request([3])]) void desk.batcher.enqueue(r);
    desk.pass(0);
    assert.deepEqual(runsOf(desk), [[1, 3], [2]]);
  });

  it('knows requests of one kind whatever the order of their inputs', () => {
    const desk = openDesk({}, 1);
    const a = request([1]);
    const x = a.inputs.get('X')!;
    void desk.batcher.enqueue({
      ...a,
      inputs: new Map([
        ['X', x],
        ['W', x],
      ]),
    });
    void desk.batcher.enqueue({
      ...a,
      inputs: new Map([
        ['W', x],
        ['X', x],
      ]),
    });
    desk.pass(0);
    assert.equal(desk.taken[0]!.job.requests.length, 2);
  });

  it('runs one request at a time, whole, where the model has no batch dimension', async () => {
    const desk = openDesk({ maxRows: 0 }, 1);
    const answer = desk.batcher.enqueue(request([7, 8, 9], { rows: 1 }));
    assert.equal(desk.taken[0]!.job.rows, 0);
    desk.taken[0]!.resolve(echo(desk.taken[0]!));
    assert.deepEqual(numbersOf(await answer), [7, 8, 9]);
  });

  it('spreads what is due over free workers where runs showed that the time is in the rows', async () => {
    const desk = openDesk({ maxDelayMs: 5 }, 2);
    const computeNsOf = (rows: number) => ({ inputNs: 0, computeNs: rows * 1e6, outputNs: 0 });
    for (const rows of [[1], [2, 3, 4], [5, 6]]) {
      const answer = desk.batcher.enqueue(request(rows));
      desk.pass(5);
      const [run] = desk.taken.splice(0);
      run!.resolve({ ...echo(run!), timing: computeNsOf(rows.length) });
      desk.freeWorkers += 1;
      await answer;
    }
    for (const r of [request([7]), request([8]), request([9, 10])]) void desk.batcher.enqueue(r);
    desk.pass(4);
    assert.deepEqual(runsOf(desk), []);
    desk.pass(1);
    assert.deepEqual(runsOf(desk), [[7, 8], [9]]);
  });

  it('waits for company while a worker is free, and not longer than maxDelayMs', () => {
    const desk = openDesk({ maxDelayMs: 5 }, 1);
    void desk.batcher.enqueue(request([1]));
    desk.pass(4);
    void desk.batcher.enqueue(request([2]));
    desk.pass(0);
    assert.equal(desk.taken.length, 0);
    desk.pass(1);
    assert.deepEqual(runsOf(desk), [[1, 2]]);
  });

  it('waits no longer once the batch is full', () => {
    const desk = openDesk({ maxDelayMs: 5, maxRows: 2 }, 1);
    void desk.batcher.enqueue(request([1]));
    void desk.batcher.enqueue(request([2]));
    desk.pass(0);
    assert.deepEqual(runsOf(desk), [[1, 2]]);
  });

  it('serves higher priorities first, 1 before 2 before the default, and equal ones as they came', () => {
    const desk = openDesk({ maxRows: 1 });
    const priorities = [0, 2, 1, 0, 1];
    priorities.forEach((priority, n) => void desk.batcher.enqueue(request([n], { priority })));
    desk.freeWorkers = 5;
    desk.batcher.drain().catch(assert.ifError);
    assert.deepEqual(runsOf(desk).flat(), [2, 4, 1, 0, 3]);
  });

  it('refuses rows beyond the queue limit with the time after which to retry', async () => {
    const desk = openDesk({ maxQueueRows: 4, maxRows: 2 }, 1);
    void desk.batcher.enqueue(request([1, 1]));
    desk.pass(0);
    desk.pass(20);
    desk.taken[0]!.resolve(echo(desk.taken[0]!));
    void desk.batcher.enqueue(request([1, 2, 3, 4]));
    const refused = desk.batcher.enqueue(request([5]));
    await assert.rejects(refused, (error: unknown) => {
      assert.ok(error instanceof AppError);
      assert.match(error.message, /^Exceeds maximum queue size/);
      assert.deepEqual(error.details, { model: 'm', rows: 1, queuedRows: 4, maxQueueRows: 4, retryAfterMs: 40 });
      return error.code === 'QUEUE_FULL';
    });
    assert.equal(desk.batcher.queuedRows, 4);
  });

  it('tells a request whose time in the queue is over how long the rows that wait will take', async () => {
    const desk = openDesk({ maxRows: 2 }, 1);
    void desk.batcher.enqueue(request([1, 1]));
    desk.pass(0);
    desk.pass(20);
    desk.taken[0]!.resolve(echo(desk.taken[0]!));
    const late = desk.batcher.enqueue(request([1], { queueTimeoutMs: 5 }));
    void desk.batcher.enqueue(request([2, 3, 4]));
    const refused = assert.rejects(late, (error: AppError) => error.details['retryAfterMs'] === 30);
    desk.pass(5);
    await refused;
  });

  it('does not count a request that a free worker takes at once against the queue limit', () => {
    const desk = openDesk({ maxQueueRows: 0, maxRows: 0 }, 1);
    void desk.batcher.enqueue(request([1]));
    assert.equal(desk.taken.length, 1);
  });

  it('makes room in a full queue by dropping requests whose clients have left', async () => {
    const desk = openDesk({ maxQueueRows: 2 });
    const client = new AbortController();
    const left = desk.batcher.enqueue(request([1, 2], { signal: client.signal }));
    client.abort();
    void desk.batcher.enqueue(request([3, 4]));
    await assert.rejects(left, refusedWith('CLIENT_GONE'));
    assert.equal(desk.batcher.queuedRows, 2);
  });

  for (const [who, config, own] of [
    ['its own', { queueTimeoutMs: 1000 }, 30],
    ["the model's", { queueTimeoutMs: 30 }, 0],
  ] as const) {
    it(`drops a request when ${who} time in the queue is over, and no earlier`, async () => {
      const desk = openDesk(config);
      const answer = desk.batcher.enqueue(request([1], { queueTimeoutMs: own }));
      const refused = assert.rejects(answer, refusedWith('QUEUE_TIMEOUT', /^Request timeout expired.* m .*30 ms/));
      desk.pass(29);
      assert.equal(desk.batcher.queuedRows, 1);
      desk.pass(1);
      assert.equal(desk.batcher.queuedRows, 0);
      await refused;
    });
  }

  it('drops a queued request whose client left, and not its neighbours', async () => {
    const desk = openDesk();
    const client = new AbortController();
    const answers = [request([1]), request([2], { signal: client.signal }), request([3])].map((r) =>
      desk.batcher.enqueue(r),
    );
    client.abort();
    const refused = assert.rejects(answers[1]!, refusedWith('CLIENT_GONE'));
    desk.pass(50);
    await refused;
    assert.equal(desk.batcher.queuedRows, 2);
  });

  it('answers the neighbours of a client that left during the run', async () => {
    const desk = openDesk({}, 1);
    const client = new AbortController();
    const answers = [request([1], { signal: client.signal }), request([2])].map((r) => desk.batcher.enqueue(r));
    const refused = assert.rejects(answers[0]!, refusedWith('CLIENT_GONE'));
    desk.pass(0);
    client.abort();
    desk.taken[0]!.resolve(echo(desk.taken[0]!));
    await refused;
    assert.deepEqual(numbersOf(await answers[1]!), [2]);
  });

  it('drains: refuses new requests, waits for no company, and ends with the last answer', async () => {
    const desk = openDesk({ maxDelayMs: 1000 }, 1);
    const answer = desk.batcher.enqueue(request([1]));
    desk.pass(0);
    let isDrained = false;
    const drained = desk.batcher.drain().then(() => (isDrained = true));
    assert.equal(desk.batcher.isDraining, true);
    await assert.rejects(desk.batcher.enqueue(request([2])), refusedWith('SHUTTING_DOWN'));
    assert.deepEqual(runsOf(desk), [[1]]);
    assert.equal(isDrained, false);
    desk.taken[0]!.resolve(echo(desk.taken[0]!));
    await Promise.all([answer, drained]);
    await desk.batcher.drain();
  });
});
