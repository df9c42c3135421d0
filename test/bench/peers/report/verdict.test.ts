import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toPeerRow } from '../../../../bench/peers/report/rows.js';
import { formatPeers } from '../../../../bench/peers/report/table.js';
import { formatPeersPage } from '../../../../bench/peers/report/page.js';
import type { PeerRow, PeersReport, RoundFigures } from '../../../../bench/peers/types.js';
import {
  compareRounds,
  judgeTargets,
  rawLoop,
  subtractCpu,
  targetLines,
} from '../../../../bench/peers/report/verdict.js';
import { peerNames } from '../../../../bench/peers/catalogue.js';
import { workloadOf, type WorkName } from '../../../../bench/workloads.js';
import { Histogram } from '../../../../bench/stats/histogram.js';

const rounds = (rates: readonly number[], cpuMs: number | null = 1): readonly RoundFigures[] =>
  rates.map((rate, round) => ({ round, rate, p50Ms: 1000 / rate, p99Ms: 2000 / rate, cpuMs }));

function row(server: string, clients: number, figures: Partial<PeerRow> = {}): PeerRow {
  const own = { rate: 100, p50Ms: 10, p99Ms: 20, cpuMs: 1, rounds: rounds([100, 100]), wrk: null };
  return { work: 'json', clients, server, state: 'steady', remarks: [], ...own, ...figures };
}

describe('targets', () => {
  it('name servers that are compared and loads that are measured', () => {
    for (const { work, over, at } of targetLines) {
      assert.ok([...peerNames, rawLoop].includes(over));
      const { clients } = workloadOf(work as WorkName);
      assert.ok(at.every(([count]) => clients.includes(count)));
    }
  });

  it('are met by rates of at least, and by times of at most, what they say', () => {
    const rows = [
      row('slipway', 1, { rounds: rounds([150, 300]) }),
      row('fastapi', 1, { rounds: rounds([100, 200]) }),
      row('fastify', 1, { rounds: rounds([200, 400]) }),
      row('slipway', 4, { rounds: rounds([199]) }),
      row('fastapi', 4, { rounds: rounds([100]) }),
    ];
    const verdicts = judgeTargets(rows).map(({ clients, figure, over, reached, isMet }) => [
      clients,
      figure,
      over,
      reached?.middle.toFixed(3),
      isMet,
    ]);
    assert.deepEqual(verdicts, [
      [1, 'p50Ms', 'fastify', '1.333', false],
      [4, 'rate', 'fastify', undefined, null],
      [16, 'rate', 'fastify', undefined, null],
      [64, 'rate', 'fastify', undefined, null],
      [1, 'rate', 'fastapi', '1.500', true],
      [4, 'rate', 'fastapi', '1.990', false],
      [16, 'rate', 'fastapi', undefined, null],
      [64, 'rate', 'fastapi', undefined, null],
      [16, 'cpuBeyondUs', 'raw loop', undefined, null],
    ]);
  });

  it('of CPU time are microseconds beyond what the runtime alone takes', () => {
    const mine = row('slipway', 16, {
      rounds: [0.075, 0.055, 0.085].map((cpuMs, round) => ({ round, rate: 1, p50Ms: 1, p99Ms: 1, cpuMs })),
    });
    const { low, middle, high } = subtractCpu(mine, row(rawLoop, 16, { cpuMs: 0.015 }))!;
    assert.deepEqual([low, middle, high].map(Math.round), [40, 60, 70]);
    assert.equal(subtractCpu(mine, row(rawLoop, 16, { cpuMs: null })), null);
    const verdict = judgeTargets([mine, row(rawLoop, 16, { cpuMs: 0.015 })]).find(({ over }) => over === rawLoop);
    assert.equal(verdict?.isMet, false);
  });

  it('are judged by rounds that both took part in, and never by failures', () => {
    const late = rounds([1, 1, 50]).slice(2);
    const ratio = compareRounds(row('a', 1, { rounds: late }), row('b', 1, { rounds: rounds([7, 7, 100]) }), 'rate');
    assert.equal(ratio?.middle.toFixed(6), '0.500000');
    assert.equal(compareRounds(row('a', 1, { state: 'failed' }), row('b', 1), 'rate'), null);
    assert.equal(compareRounds(row('a', 1), row('b', 1, { rounds: rounds([100], null) }), 'cpuMs'), null);
  });
});

describe('rows and tables of the comparison', () => {
  it('give medians of the rounds that count', () => {
    const samples = [10, 30, 20].map((completed, round) => {
      const latencies = new Histogram();
      latencies.record(5);
      const nothing = { statuses: {}, serverMs: {}, clientMs: null, devices: {}, backlog: 0 };
      const sample = { inferences: completed, elapsedMs: 500, latencies: latencies.toData(), serverCpuMs: completed };
      return { round, sample: { ...nothing, ...sample } };
    });
    const series = { name: 'x', role: 'target', state: 'steady', samples, counted: samples, remarks: [] } as const;
    const wrk = [1, 9, 2].map((rate) => ({ rate, p50Ms: rate }));
    const { rate, cpuMs, wrk: second } = toPeerRow(series, { work: 'json', clients: 1, wrk });
    assert.deepEqual([rate, cpuMs, second], [40, 20, { rate: 2, p50Ms: 2 }]);
  });

  const rows = [
    row('slipway', 4, { rate: 219, rounds: rounds([219, 219]) }),
    row('fastapi', 4, { state: 'unstable', remarks: ['p50'], wrk: { rate: 98, p50Ms: 1 } }),
  ];
  const report = {
    works: [workloadOf('json')],
    rows,
    left: ['tensor: no file'],
    servers: [
      { name: 'fastapi', work: 'json', state: 'measured', versions: ['fastapi 1'], answers: 'a <b>' },
      { name: 'pytriton', work: 'json', state: 'skipped', reason: 'no wheel' },
    ],
    verdicts: judgeTargets(rows),
    startedAt: '2026-01-02T03:04:05Z',
    threads: 2,
    environment: { cpu: 'c', node: 'v1', commit: null, loadAverageBefore: [1], loadAverageAfter: [2] },
  } as unknown as PeersReport;

  it('say what was skipped and left out, and why', () => {
    const text = formatPeers(report);
    assert.match(text, /^ +4 +slipway +219 /m);
    assert.match(text, /^ +4 +fastapi +100 .* 98\.0 +2\.19 +unstable: p50$/m);
    assert.match(text, /json: pytriton is skipped: no wheel\ntensor: no file/);
    assert.match(text, /json, 4 clients +answers\/s relative to fastapi +>= 2 +2\.19 \(2\.19 to 2\.19\) +met/);
    assert.match(text, /json, 16 clients .*– +not measured/);
  });

  it('are a page with plots, whatever names and answers hold', () => {
    const page = formatPeersPage(report);
    assert.match(page, /fastapi answers a &#60;b&#62; \(fastapi 1\)/);
    assert.match(page, /pytriton was skipped: no wheel/);
    assert.equal(page.match(/<figure>/g)?.length, 2);
  });
});
