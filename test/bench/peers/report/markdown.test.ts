import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fillPage, formatMeasured, toMarkdown } from '../../../../bench/peers/report/markdown.js';
import type { PeersReport } from '../../../../bench/peers/types.js';

function reportOf(reached: number | null, works: readonly string[]): PeersReport {
  const verdict = {
    work: 'json',
    clients: 4,
    figure: 'rate',
    over: 'fastapi',
    target: 2,
    isAtLeast: true,
    reached: reached === null ? null : { low: reached - 1, middle: reached, high: Infinity },
    isMet: reached === null ? null : reached >= 2,
  };
  return {
    startedAt: '2026-01-02T03:04:05Z',
    threads: 2,
    method: { minRounds: 4, maxRounds: 6, windowMs: 1000 },
    environment: {
      cpu: 'c',
      node: 'v1',
      onnxRuntime: '1',
      commit: null,
      loadAverageBefore: [0.1],
      loadAverageAfter: [1],
    },
    works: works.map((name) => ({ name, title: `title of ${name}`, clients: [4] })),
    servers: [{ name: 'x', work: 'json', state: 'skipped', reason: 'no wheel' }],
    left: [],
    rows: [],
    verdicts: [verdict],
  } as unknown as PeersReport;
}

describe('the page of measured figures', () => {
  it('has its marked part replaced, and again, and the rest kept', () => {
    const page =
      'before\n\n<!-- measured: written by tools/performance.js -->\nold\n<!-- end of measured -->\n\nafter\n';
    const once = fillPage(page, [reportOf(2.5, ['json'])]);
    assert.match(once, /^before\n\n<!-- measured.*-->\n\nAll runs: c, 2 threads per server, Node.js v1, .*ms\.\n\n/);
    assert.match(once, /\n\n\| run \|.*\n.*\n\| 1 \| 2026-01-02 03:04 \| unknown \| 0.1, 1 \|\n/);
    assert.ok(!once.includes('old'));
    assert.equal(fillPage(once, [reportOf(2.5, ['json'])]), once);
    assert.throws(() => fillPage('no marks', [reportOf(1, [])]), /needs the lines <!-- measured/);
  });

  it('says of each run what its set-up was where they differ', () => {
    const other = { ...reportOf(2, []), threads: 3 };
    const text = formatMeasured([reportOf(2, []), other]);
    assert.doesNotMatch(text, /All runs/);
    assert.match(text, /\| set-up \|\n.*\n\| 1 .*\| c, 2 threads per server.*\n\| 2 .*\| c, 3 threads per server/);
  });

  it('warns of figures that a busy machine gave', () => {
    const quiet = reportOf(2, []);
    assert.doesNotMatch(formatMeasured([quiet]), /busy/);
    const busy = { ...quiet, environment: { ...quiet.environment, loadAverageBefore: [1.5] } };
    assert.match(formatMeasured([busy]), /\| 1\.5, 1 \(busy\) \|/);
  });

  it('says of each target what its last run reached, and how all runs are spread', () => {
    const reports = [reportOf(2.5, ['json']), reportOf(null, ['json']), reportOf(1.5, ['real a']), reportOf(4, [])];
    const text = formatMeasured([...reports, reportOf(null, [])]);
    const line =
      '| json, 4 clients | answers/s relative to fastapi | >= 2 | 4.00 (3.00 to ?) | 4 | met | 1.50, 2.50, 4.00 | 2 of 3 |';
    assert.ok(text.includes(`${line}\n`), text);
    assert.match(text, /### title of json \(run 2\)\n[^#]*- x was skipped: no wheel\n\n### title of real a \(run 3\)/);
  });

  it('says of a target that no run measured that it was not', () => {
    const line = '| json, 4 clients | answers/s relative to fastapi | >= 2 | – | 1 | not measured | – | 0 of 0 |';
    assert.ok(formatMeasured([reportOf(null, [])]).includes(line));
  });

  it('has no cell that ends early', () => {
    assert.equal(
      toMarkdown([
        ['a', 'b'],
        ['1|2', ''],
      ]),
      '| a | b |\n| --- | --- |\n| 1\\|2 |  |',
    );
  });
});
