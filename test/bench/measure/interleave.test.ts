import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measureInTurn } from '../../../bench/measure/interleave.js';
import { groupByLoad, planArrivals, planPoints, windowFor } from '../../../bench/load/points.js';
import { toRows } from '../../../bench/measure/rows.js';
import type { Participant, Sample } from '../../../bench/measure/sample.js';
import { settle } from '../../../bench/measure/settle.js';
import { defaultMethod, quickSweep } from '../../../bench/settings.js';
import { Histogram } from '../../../bench/stats/histogram.js';

function sampleOf(rate: number, more: Partial<Sample> = {}): Sample {
  const latencies = new Histogram();
  for (let i = 0; i < 100; i++) latencies.record(1000 / rate);
  return {
    inferences: rate,
    elapsedMs: 1000,
    latencies: latencies.toData(),
    statuses: { 200: rate },
    serverMs: { compute: 1 },
    clientMs: null,
    serverCpuMs: 2,
    devices: { cpu: rate },
    backlog: 0,
    ...more,
  };
}

/** Gives the samples in turn, the last one again and again, and notes each turn. */
function scripted(
  who: Pick<Participant, 'name' | 'role'>,
  samples: readonly Sample[],
  turns: string[] = [],
): Participant {
  let next = 0;
  return {
    ...who,
    measure: () => {
      turns.push(who.name);
      return Promise.resolve(samples[Math.min(next++, samples.length - 1)]!);
    },
  };
}

const target = (name: string) => ({ name, role: 'target' }) as const;
const rawLoop = { name: 'raw 2 threads', role: 'raw' } as const;
const bareHttp = { name: 'bare http', role: 'bare' } as const;

const rules = { minRounds: 3, maxRounds: 6, tolerance: 0.1 };
const never = new AbortController().signal;
const point = {
  scenario: 'concurrency',
  form: 'binary',
  batch: 1,
  arrivals: { kind: 'closed', concurrency: 4 },
} as const;

/** The row of a target whose windows have these rates in turn. */
async function rowOfWindows(rates: readonly number[]) {
  const samples = rates.map((rate) => sampleOf(rate));
  const [row] = toRows('m', point, await measureInTurn([scripted(target('a'), samples)], rules, never));
  return row;
}

describe('measureInTurn', () => {
  it('measures A B A B and ends after three rounds that agree', async () => {
    const turns: string[] = [];
    const both = ['a', 'b'].map((name) => scripted(target(name), [sampleOf(100), sampleOf(105)], turns));
    const [a] = await measureInTurn(both, rules, never);
    assert.deepEqual(turns, ['a', 'b', 'a', 'b', 'a', 'b']);
    assert.deepEqual([a!.state, a!.remarks], ['steady', []]);
  });

  it('goes on until three windows agree, and counts those that do', async () => {
    const rates = [10, 100, 101, 99];
    const row = await rowOfWindows(rates);
    assert.equal(row!.state, 'steady');
    assert.deepEqual(
      row!.windows.map(({ isCounted }) => isCounted),
      [false, true, true, true],
    );
    assert.equal(row!.rate, 100);
  });

  it('says unstable and which figures did not agree when the rounds are used up', async () => {
    const rates = [100, 200, 100, 200, 100, 200];
    const row = await rowOfWindows(rates);
    assert.deepEqual([row!.state, row!.remarks], ['unstable', ['throughput', 'p50', 'p90']]);
    assert.equal(row!.windows.filter(({ isCounted }) => isCounted).length, 6);
  });

  it('drops one whose answers are errors twice in a row and names their statuses', async () => {
    const turns: string[] = [];
    const failing = scripted(target('a'), [sampleOf(100, { statuses: { 200: 90, 503: 10 } })], turns);
    const all = await measureInTurn([failing, scripted(bareHttp, [sampleOf(100)], turns)], rules, never);
    const [row] = toRows('m', point, all);
    assert.equal(turns.filter((name) => name === 'a').length, 2);
    assert.deepEqual([row!.state, row!.remarks], ['failed', ['answers by status: 200 x 180, 503 x 20']]);
    assert.deepEqual(row!.ratios, { toRaw: null, toBare: null, toYardstick: null });
  });

  it('keeps the reason of one that cannot run, and goes on with the others', async () => {
    const broken: Participant = { name: 'a', role: 'target', measure: () => Promise.reject(new Error('no route')) };
    const [a, b] = await measureInTurn([broken, scripted(target('b'), [sampleOf(100)])], rules, never);
    assert.deepEqual([a!.state, a!.remarks, b!.state], ['failed', ['no route'], 'steady']);
  });

  it('stops at once when interrupted', async () => {
    const controller = new AbortController();
    const stopping: Participant = {
      name: 'a',
      role: 'target',
      measure: () => {
        controller.abort(new Error('interrupted'));
        return Promise.resolve(sampleOf(100));
      },
    };
    await assert.rejects(measureInTurn([stopping, stopping], rules, controller.signal), /interrupted/);
  });
});

describe('settle', () => {
  const limits = { settleMs: 5000, tolerance: 0.1 };

  it('loads all in turn until the throughput of each has come to rest', async () => {
    const turns: string[] = [];
    const rising = [100, 200, 300, 400, 410, 405].map((rate) => sampleOf(rate));
    const both = [scripted(target('a'), rising, turns), scripted(bareHttp, [sampleOf(9)], turns)];
    const { restless } = await settle(both, limits, { signal: never, now: () => 0 });
    assert.deepEqual([turns.length, restless], [12, []]);
  });

  it('goes on until each has given as many answers as are asked for', async () => {
    const turns: string[] = [];
    const fast = scripted(target('a'), [{ ...sampleOf(100), inferences: 40 }], turns);
    const slow = scripted(bareHttp, [{ ...sampleOf(100), inferences: 25 }], turns);
    const settling = { ...limits, leastAnswers: 100 };
    const { restless } = await settle([fast, slow], settling, { signal: never, now: () => 0 });
    assert.deepEqual([turns.length, restless], [8, []]);
    let nowMs = 0;
    const { restless: late } = await settle([slow], settling, { signal: never, now: () => (nowMs += 2000) });
    assert.deepEqual(late, [bareHttp.name]);
  });

  it('ends when the time is over, and names who is restless', async () => {
    const swinging = scripted(
      target('a'),
      [100, 200, 100, 200].map((rate) => sampleOf(rate)),
    );
    let nowMs = 0;
    const slow: Participant = { ...swinging, measure: () => ((nowMs += 20), swinging.measure()) };
    const both = [slow, scripted(rawLoop, [sampleOf(5)])];
    const { restless, seconds } = await settle(both, { ...limits, settleMs: 70 }, { signal: never, now: () => nowMs });
    assert.equal(seconds, 0.08);
    assert.deepEqual(restless, ['a']);
  });

  it('leaves out one that fails', async () => {
    const broken: Participant = { ...target('a'), measure: () => Promise.reject(new Error('no route')) };
    assert.deepEqual(
      (await settle([broken, scripted(bareHttp, [sampleOf(9)])], limits, { signal: never, now: () => 0 })).restless,
      [],
    );
  });
});

describe('toRows', () => {
  it('gives rates over those of the baselines in the same rounds, whatever the drift', async () => {
    const drift = [100, 104, 97];
    const all = await measureInTurn(
      [
        scripted(
          target('server'),
          drift.map((rate) => sampleOf(rate)),
        ),
        scripted(
          rawLoop,
          drift.map((rate) => sampleOf(rate * 2, { statuses: {} })),
        ),
        scripted(
          bareHttp,
          drift.map((rate) => sampleOf(rate * 2)),
        ),
      ],
      rules,
      never,
    );
    const [row, raw] = toRows('m', point, all);
    const { toRaw, toBare, toYardstick } = row!.ratios;
    for (const [ratio, expected] of [
      [toRaw, 0.5],
      [toBare, 0.5],
      [toYardstick, 1],
    ] as const) {
      assert.ok(Math.abs(ratio!.middle - expected) < 1e-9 && Math.abs(ratio!.high - expected) < 1e-9);
    }
    assert.equal(raw!.ratios.toRaw, null);
    assert.deepEqual([row!.serverCpuMs, row!.serverMs, row!.devices], [2, { compute: 1 }, { cpu: 301 }]);
  });

  it('says when more requests were due than could be sent', async () => {
    const arrivals = { kind: 'poisson', requestsPerSecond: 500 } as const;
    const all = await measureInTurn([scripted(target('a'), [sampleOf(100, { backlog: 7 })])], rules, never);
    const [row] = toRows('m', { ...point, scenario: 'arrivals', arrivals }, all);
    assert.deepEqual(row!.remarks, ['7 requests were still due when a window ended: the rate is more than it can do']);
    assert.deepEqual([row!.concurrency, row!.requestsPerSecond], [null, 500]);
  });
});

describe('the points of a model', () => {
  const traits = { hasBatchDimension: true, takesImages: true, workers: 2 };
  const count = (scenario: string, more = {}) =>
    planPoints(quickSweep, { ...traits, ...more }).filter((planned) => planned.scenario === scenario).length;

  it('are one client, the sweeps, and the other forms that the model takes', () => {
    assert.deepEqual(
      ['latency', 'concurrency', 'batch', 'path'].map((scenario) => count(scenario)),
      [1, 2, 2, 2],
    );
    assert.equal(count('batch', { hasBatchDimension: false }), 0);
    assert.equal(count('path', { takesImages: false }), 1);
  });

  it('are measured once where they are one load', () => {
    const groups = groupByLoad(planPoints({ ...quickSweep, concurrencies: [1, 2], batches: [1, 8] }, traits));
    const names = groups.map((group) => group.map(({ scenario, form }) => `${scenario} ${form}`).join(' = '));
    assert.deepEqual(names, [
      'latency binary = concurrency binary',
      'concurrency binary = batch binary',
      'batch binary',
      'path json',
      'path image',
    ]);
  });

  it('are arrivals at shares of the best rate, or at the rates asked for', () => {
    const rates = (sweep: Partial<typeof quickSweep>, best: number) =>
      planArrivals({ ...quickSweep, ...sweep }, best).map(({ arrivals }) =>
        arrivals.kind === 'poisson' ? arrivals.requestsPerSecond : 0,
      );
    assert.deepEqual(rates({ rates: [0.25, 0.5] }, 1234), [310, 620]);
    assert.deepEqual(rates({ rates: [40], ratesAre: 'absolute' }, 1234), [40]);
    assert.deepEqual(rates({}, 0), []);
  });

  it('last as long as several requests take, and are left out where one takes seconds', () => {
    assert.deepEqual(windowFor(1, defaultMethod), { windowMs: 400, warmupMs: 100 });
    assert.deepEqual(windowFor(200, defaultMethod), { windowMs: 1600, warmupMs: 300 });
    assert.equal(windowFor(5000, defaultMethod), undefined);
  });
});
