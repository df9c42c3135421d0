import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createAdmission,
  type Admission,
  type AdmissionOptions,
  type Ticket,
} from '../../../src/batching/admission/admission.js';
import { refusedWith } from '../desk.js';

const defaults = {
  model: 'm',
  limitMs: 2000,
  mostRequests: 10_000,
  instances: 2,
  firstRequestMs: 2,
  turns: { note: () => undefined, lagMs: 0 },
};

/** An admission whose clock the test moves. */
function open(options: Partial<AdmissionOptions> = {}) {
  const time = { nowMs: 5000 };
  const admission = createAdmission({ ...defaults, ...options, clock: () => time.nowMs });
  return { admission, time };
}

/** Takes requests until one is refused, at most so many. */
function fill(admission: Admission, most = 10_000): Ticket[] {
  const tickets: Ticket[] = [];
  while (tickets.length < most) {
    try {
      tickets.push(admission.enter(100));
    } catch (error) {
      assert.ok(refusedWith('QUEUE_FULL')(error));
      break;
    }
  }
  return tickets;
}

/**
 * An open loop of arrivals at a server that answers up to `perRun` requests together every `runMs` on one worker: how long
 * each waited, and how many were answered for each that could be.
 */
function flood(load: {
  readonly everyMs: number;
  readonly runMs: number;
  readonly perRun: number;
  readonly ms: number;
}) {
  const { everyMs, runMs, perRun, ms } = load;
  const { admission, time } = open({ instances: 1, firstRequestMs: runMs });
  const waiting: Ticket[] = [];
  let running: Ticket[] = [];
  let [nextMs, endsMs, refused] = [time.nowMs, Infinity, 0];
  const waits: number[] = [];
  const until = time.nowMs + ms;
  while (time.nowMs < until) {
    if (endsMs <= nextMs) {
      time.nowMs = endsMs;
      for (const ticket of running.splice(0)) {
        admission.leave(ticket, true);
        waits.push(time.nowMs - ticket.enteredMs);
      }
      endsMs = Infinity;
    } else {
      time.nowMs = nextMs;
      nextMs += everyMs;
      try {
        waiting.push(admission.enter(100));
      } catch {
        refused += 1;
      }
    }
    if (endsMs === Infinity && waiting.length > 0) {
      running = waiting.splice(0, perRun);
      endsMs = time.nowMs + runMs;
    }
  }
  return { waits, refused, goodput: waits.length / ((ms / runMs) * perRun) };
}

describe('admission to a model', () => {
  for (const [name, load] of Object.entries({
    'runs of 10 ms, one by one': { everyMs: 1, runMs: 10, perRun: 1, ms: 30_000 },
    'runs of 400 ms, one by one': { everyMs: 40, runMs: 400, perRun: 1, ms: 60_000 },
    'runs of 50 ms, 32 requests together': { everyMs: 0.15, runMs: 50, perRun: 32, ms: 15_000 },
    'runs of 600 ms, 8 requests together': { everyMs: 7, runMs: 600, perRun: 8, ms: 60_000 },
  })) {
    it(`at ten times the capacity answers as much as it can, and nobody waits for much longer than the limit: ${name}`, () => {
      const { waits, refused, goodput } = flood(load);
      assert.ok(goodput > 0.93, `goodput ${goodput}`);
      assert.ok(refused > 5 * waits.length);
      const longest = Math.max(...waits);
      assert.ok(longest < 3000, `waited ${longest}`);
      assert.ok(longest > 1500, `waited ${longest} at most: the queue is shorter than it may be`);
    });
  }

  it('refuses nobody below the capacity', () => {
    for (const perRun of [1, 8]) {
      const { refused, waits } = flood({ everyMs: 101 / perRun, runMs: 100, perRun, ms: 60_000 });
      assert.equal(refused, 0);
      assert.ok(waits.length > 400);
    }
  });

  it('tells how long the requests before will take, in the refusal and to whoever asks', () => {
    const { admission, time } = open();
    for (let n = 0; n < 50; n += 1) {
      const tickets = [admission.enter(100), admission.enter(100)];
      for (const ticket of tickets) {
        time.nowMs += 50;
        admission.leave(ticket, true);
      }
    }
    const taken = fill(admission);
    assert.ok(admission.waitMs > 2000 && admission.waitMs < 2200, String(admission.waitMs));
    assert.throws(
      () => admission.check(),
      (error) => {
        assert.ok(
          refusedWith(
            'QUEUE_FULL',
            /requests are before this one at model m .* 2000 ms \(batching.maxQueueMs\)/,
          )(error),
        );
        const { details } = error as { details: Record<string, unknown> };
        assert.equal(details['retryAfterMs'], Math.ceil(admission.waitMs));
        assert.equal(details['requests'], taken.length);
        return true;
      },
    );
    assert.equal(admission.refusals, 2);
  });

  it('refuses without a stack, which would cost more than the refusal', () => {
    const { admission } = open({ firstRequestMs: 1000 });
    fill(admission);
    assert.throws(
      () => admission.check(),
      (error) => !/\n\s+at /.test((error as Error).stack ?? ''),
    );
  });

  it('takes two requests for each worker whatever they cost: there is no queue to speak of', () => {
    const { admission, time } = open({ instances: 3, firstRequestMs: 60_000 });
    assert.equal(fill(admission).length, 6);
    time.nowMs += 100_000;
    assert.throws(() => admission.check(), refusedWith('QUEUE_FULL'));
  });

  it('takes a burst to a model that has answered nothing yet by what its warm-up cost', () => {
    assert.equal(fill(open({ firstRequestMs: 2 }).admission).length, 1001);
    assert.equal(fill(open({ firstRequestMs: 500 }).admission).length, 5);
  });

  it('takes less and less of a model that gives no first answer', () => {
    const { admission, time } = open();
    fill(admission, 100);
    time.nowMs += 900;
    admission.check();
    time.nowMs += 500;
    assert.throws(() => admission.check(), refusedWith('QUEUE_FULL'));
  });

  it('does not take what a lone client gets for the most that there is: the other workers have nothing to do then', () => {
    const { admission, time } = open({ instances: 8 });
    for (let n = 0; n < 20; n += 1) {
      const ticket = admission.enter(100);
      time.nowMs += 400;
      admission.leave(ticket, true);
    }
    assert.equal(fill(admission).length, 41);
  });

  it('counts a large body for more than a small one', () => {
    const { admission, time } = open();
    for (let n = 0; n < 100; n += 1) {
      const ticket = admission.enter(1000);
      time.nowMs += 20;
      admission.leave(ticket, true);
    }
    const before = admission.waitMs;
    const small = admission.enter(1000);
    const ofSmall = admission.waitMs - before;
    admission.leave(small, false);
    admission.enter(20_000);
    assert.ok(admission.waitMs - before > 4 * ofSmall);
  });

  it('forgets what has left, refused or answered, and counts nothing that was never there', () => {
    const { admission } = open();
    const tickets = fill(admission, 500);
    for (const [index, ticket] of tickets.entries()) admission.leave(ticket, index % 2 === 0);
    assert.equal(admission.waitMs, 0);
  });

  it('counts bodies that are on their way, for a while: a slow client takes nobody else their place', () => {
    const { admission, time } = open({ firstRequestMs: 500 });
    const receipts = Array.from({ length: 5 }, () => admission.check());
    assert.throws(() => admission.check(), refusedWith('QUEUE_FULL', /5 requests are before this one/));
    admission.drop(receipts[0]!);
    admission.drop(admission.check());
    time.nowMs += 2000;
    const ticket = admission.enter(100);
    for (let n = 0; n < 3; n += 1) admission.check();
    admission.leave(ticket, true);
  });

  it('counts what requests have waited for the loop that reads them, where there is a queue', () => {
    const turns = { note: () => undefined, lagMs: 500 };
    const { admission } = open({ firstRequestMs: 100, turns });
    // 500 ms to be read, and 100 for each request before it: more than 2,000 after sixteen.
    assert.equal(fill(admission).length, 16);
  });

  it('counts what a request has waited for its connection to be read, up to half of the limit', () => {
    const { admission } = open({ firstRequestMs: 100 });
    assert.equal(fill(admission, 11).length, 11);
    admission.drop(admission.check(900));
    assert.throws(() => admission.check(901), refusedWith('QUEUE_FULL', /will take about 2001 ms/));
    admission.enter(100);
    assert.throws(() => admission.check(60_000), refusedWith('QUEUE_FULL', /will take about 2200 ms/));
    admission.drop(admission.check(0));
  });

  it('has the turns of the loop measured only where there is a queue', () => {
    let notes = 0;
    const turns = { note: () => void (notes += 1), lagMs: 0 };
    const { admission } = open({ instances: 2, turns });
    const receipts = Array.from({ length: 4 }, () => admission.check());
    assert.equal(notes, 0, 'two for each worker are no queue');
    receipts.push(admission.check());
    assert.equal(notes, 1);
    for (const receipt of receipts) admission.drop(receipt);
    for (let n = 0; n < 3; n += 1) {
      admission.drop(admission.check());
      admission.leave(admission.enter(100), true);
    }
    assert.equal(notes, 1);
  });

  it('refuses nobody because the loop stood still once: that counts for half of the limit at most', () => {
    const turns = { note: () => undefined, lagMs: 60_000 };
    assert.equal(fill(open({ firstRequestMs: 100, turns }).admission).length, 11);
    assert.equal(fill(open({ firstRequestMs: 400, turns }).admission).length, 4, 'two for each worker are no queue');
  });

  it('takes no client for slow whose body a loop that is behind has not read', () => {
    const turns = { note: () => undefined, lagMs: 1000 };
    const { admission, time } = open({ firstRequestMs: 200, turns });
    for (let n = 0; n < 6; n += 1) admission.check();
    time.nowMs += 3900;
    assert.throws(() => admission.check(), refusedWith('QUEUE_FULL', /6 requests are before this one/));
    time.nowMs += 200;
    admission.check();
  });

  it('without a limit of time takes as many as it may', () => {
    const { admission, time } = open({ limitMs: 0, mostRequests: 24, firstRequestMs: 1e6 });
    assert.equal(fill(admission).length, 24);
    time.nowMs += 1e6;
    assert.throws(() => admission.check(), refusedWith('QUEUE_FULL', /batching.maxQueueRows/));
  });
});
