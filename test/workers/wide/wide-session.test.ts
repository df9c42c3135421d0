import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AppError } from '../../../src/errors.js';
import { WideSessions, type WideChange, type WideThreads } from '../../../src/workers/wide/wide-session.js';
import type { RunJob } from '../../../src/workers/runner.js';
import { ints, specOf } from '../queue.js';

const jobOf = (rows: number): RunJob => ({ requests: [new Map([['A', ints(rows, 0)]])], rows: 0, outputs: ['S'] });

/** A model with one worker; `load` as the pool would do it. */
function open(load: (session: number, threads: WideThreads) => Promise<void> = () => Promise.resolve()) {
  const told: WideChange[] = [];
  const sessions = new WideSessions(4, (event) => told.push(event));
  const held = new Set([1]);
  const asked: (readonly [number, WideThreads])[] = [];
  const subject = {
    spec: specOf('/m.onnx'),
    inputs: [{ name: 'A', datatype: 'INT32', shape: [-1, 16] }],
    load: async (session: number, threads: WideThreads) => {
      asked.push([session, threads]);
      await load(session, threads);
      held.add(session);
    },
  } as const;
  const session = sessions.open(subject, 2);
  assert.ok(session !== undefined);
  /** One run; answers whether it was wide, or undefined where it did not count as alone. */
  const run = (ms: { readonly narrow: number; readonly wide: number }, { alone = true, rows = 1 } = {}) => {
    const lone = session.begin(jobOf(rows), { held }, () => alone);
    lone?.end(lone.isWide ? ms.wide : ms.narrow);
    return lone?.isWide;
  };
  return { session, sessions, told, held, asked, run };
}

const gains = { narrow: 20, wide: 10 };

/** Until a trial has spoken. */
async function learn({ run }: Pick<ReturnType<typeof open>, 'run'>, ms = gains): Promise<void> {
  for (let n = 0; n < 16; n++) run(ms);
  await turn();
  for (let n = 0; n < 32; n++) run(ms);
}

describe('runs with the threads of all workers', () => {
  it('are learned from lone runs: the session is loaded when they prove long, and a trial decides', async () => {
    const opened = open();
    for (let n = 0; n < 15; n++) assert.equal(opened.run(gains), false);
    assert.equal(opened.asked.length, 0);
    opened.run(gains);
    assert.deepEqual(opened.asked, [[2, { intraOpThreads: 4, spinUs: 100 }]]);
    await turn();
    for (let n = 0; n < 32; n++) opened.run(gains);
    assert.equal(opened.run(gains), true);
    assert.deepEqual(opened.told, [
      {
        session: 'm',
        wide: true,
        reason: 'it takes 10.0 ms with the threads of all workers, and 20.0 ms with those of one',
      },
    ]);
    assert.ok(opened.sessions.counts.wideRuns >= 17);
  });

  it('are for runs that come alone: one beside another ends it, until two have been alone again', async () => {
    const opened = open();
    await learn(opened);
    assert.equal(opened.run(gains), true);
    assert.equal(opened.run(gains, { alone: false }), undefined);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => opened.run(gains)),
      [false, false, true, true],
    );
  });

  it('learn nothing from a run that another one began beside', () => {
    const { session, held, asked } = open();
    for (let n = 0; n < 100; n++) {
      const first = session.begin(jobOf(1), { held }, () => true);
      session.begin(jobOf(1), { held }, () => false);
      first?.end(500);
    }
    assert.deepEqual(asked, []);
  });

  it('are decided for each shape by itself', async () => {
    const opened = open();
    await learn(opened);
    const short = { narrow: 0.5, wide: 0.1 };
    for (let n = 0; n < 200; n++) assert.notEqual(opened.run(short, { rows: 1000 }), true);
    for (let n = 0; n < 2; n++) opened.run(gains);
    assert.equal(opened.run(gains), true);
    assert.equal(opened.asked.length, 1);
  });

  it('are none where the worker does not hold the session, or it does not load, which is told and not tried again', async () => {
    const lost = open();
    await learn(lost);
    lost.held.delete(2);
    assert.equal(lost.run(gains), false);
    const failing = open(() => Promise.reject(new Error('no memory')));
    await learn(failing);
    for (let n = 0; n < 100; n++) assert.equal(failing.run(gains), false);
    assert.equal(failing.asked.length, 1);
    assert.deepEqual(failing.told, [
      {
        session: 'm',
        wide: false,
        reason: 'it cannot be loaded with the threads of all workers: no memory',
        failed: true,
      },
    ]);
    assert.deepEqual([failing.sessions.counts.wideFailures, lost.sessions.counts.wideFailures], [1, 0]);
    const stopping = open(() => Promise.reject(new AppError('SHUTTING_DOWN', 'stopping')));
    await learn(stopping);
    assert.deepEqual([stopping.told, stopping.sessions.counts.wideFailures], [[], 0]);
  });

  it('are none where they would have no more threads, on a GPU, or where they are off', () => {
    const subject = { spec: specOf('/m.onnx'), inputs: [], load: () => Promise.resolve() };
    const openWith = (threads: number | undefined, spec: object) =>
      new WideSessions(threads, () => undefined).open({ ...subject, spec: { ...subject.spec, ...spec } }, 2);
    assert.equal(openWith(undefined, {}), undefined);
    assert.equal(openWith(1, {}), undefined);
    assert.equal(openWith(8, { intraOpThreads: 8 }), undefined);
    assert.equal(openWith(8, { provider: 'cuda' }), undefined);
    assert.ok(openWith(8, { intraOpThreads: 7 }) !== undefined);
  });
});
