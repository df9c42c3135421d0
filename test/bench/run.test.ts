import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { compareReports } from '../../bench/report/compare.js';
import type { Report } from '../../bench/types.js';
import { startLoadGenerator, type LoadGenerator } from '../../bench/load/load.js';
import { runBench, type RunOptions } from '../../bench/run.js';
import { quickMethod, type BenchSettings } from '../../bench/settings.js';
import { parseOrigin, planUrl } from '../../bench/targets/url.js';
import { startLawfulLoad, type Law } from './lawful-load.js';
import { sumAndDifference } from '../support/models.js';
import { openTestServer } from '../support/server.js';
import { reportOf } from './report/report-rows.js';

// It refuses nobody for the time that a run takes: the machine may be busy, and the times are those of a law.
const model = { name: 'sums', graph: sumAndDifference, config: { batching: { maxQueueMs: 0 } } };
let server: Awaited<ReturnType<typeof openTestServer>>;
before(async () => {
  server = await openTestServer({ models: [model] });
});
after(() => server.stop());

const method = { ...quickMethod, windowMs: 30, warmupMs: 10, limitS: 86_400 }; // however slow the machine is
const settings: BenchSettings = {
  models: [model.name],
  modelsFolder: undefined,
  targets: [],
  urls: [],
  headers: {},
  method,
  sweep: { concurrencies: [4], batches: [2], rates: [200], ratesAre: 'absolute' },
  variable: 8,
  coldStarts: 1,
  files: {},
  baseline: undefined,
  tune: undefined,
  peers: undefined,
};

function options(more: Partial<RunOptions> = {}): RunOptions {
  const modelPath = `${server.folder}/${model.name}/1/model.onnx`;
  return {
    settings,
    subjects: [{ name: model.name, weights: 'given', modelPath }],
    repository: server.folder,
    plans: [planUrl(parseOrigin(server.url, {}))],
    images: [],
    cpus: 2,
    ratesOf: () => [],
    signal: new AbortController().signal,
    narrate: () => undefined,
    ...more,
  };
}

/** The server takes `latencyMs`. The bare one takes so much longer that the yardstick of both baselines does not feel the loop in real time. */
function lawOf(latencyMs: number): Law {
  return (_, port) => (port === Number(new URL(server.url).port) ? latencyMs : 1000);
}

/** The real load, which measures again where a window went by without an answer: a busy machine may stand still for that long. */
function startAnsweredLoad(): LoadGenerator {
  const load = startLoadGenerator();
  return {
    ...load,
    run: async (order, signal) => {
      for (let answered = 0; ;) {
        const result = await load.run(order, signal);
        answered += result.answered;
        if (result.windows.every(({ completed }) => completed > 0)) return { ...result, answered };
      }
    },
  };
}

async function measure(more: Partial<RunOptions> = {}): Promise<Report> {
  const { targets, models, rows, onnxRuntime } = await runBench(options(more));
  const report = reportOf(rows, { method, targets, models });
  return JSON.parse(JSON.stringify({ ...report, environment: { ...report.environment, onnxRuntime } })) as Report;
}

describe('a run against a real server', () => {
  it('measures every scenario, beside the baselines, and writes what the schema describes', async () => {
    const report = await measure({ startLoad: startAnsweredLoad });
    const schema = JSON.parse(await readFile('bench/schema.json', 'utf8')) as object;
    const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
    assert.ok(validate(report), JSON.stringify(validate.errors?.slice(0, 5)));
    const counts = report.rows.map(({ role, scenario }) => `${scenario} ${role}`);
    assert.deepEqual(
      new Set(counts),
      new Set([
        ...['latency', 'concurrency', 'batch', 'path'].flatMap((name) => [
          `${name} target`,
          `${name} bare`,
          `${name} raw`,
        ]),
        'arrivals target',
      ]),
    );
    for (const row of report.rows.filter(({ role }) => role === 'target')) {
      assert.deepEqual(Object.keys(row.statuses), ['200'], row.scenario);
      assert.deepEqual(Object.keys(row.devices), ['cpu']);
      assert.ok((row.serverMs['compute'] ?? 0) > 0);
      assert.ok((row.serverCpuMs ?? 0) > 0, `${row.scenario}: ${row.serverCpuMs ?? 'no'} CPU ms`);
    }
    assert.equal(report.models[0]?.devices[server.url]?.evidence, 'only-provider');
  });

  it('catches a server that has become slower, and says nothing of the same server twice', async () => {
    const sweep = { ...settings.sweep, concurrencies: [], batches: [], rates: [] };
    const measureAt = (latencyMs: number) =>
      measure({ settings: { ...settings, sweep }, startLoad: () => startLawfulLoad(lawOf(latencyMs)) });
    const [base, again, slowed] = [await measureAt(2), await measureAt(2), await measureAt(3)];
    const outcomes = (report: Report) => compareReports(base, report, 0.05).points.map(({ outcome }) => outcome);
    assert.deepEqual(new Set(outcomes(slowed)), new Set(['slower']));
    assert.deepEqual(new Set(outcomes(again)), new Set(['same']));
  });

  it('says why no server could be measured', async () => {
    const gone = planUrl(parseOrigin('http://127.0.0.1:9', {}));
    await assert.rejects(runBench(options({ plans: [gone] })), {
      code: 'SERVER_UNREACHABLE',
      message: /http:\/\/127\.0\.0\.1:9: no server answers/,
    });
  });

  it('ends at once when interrupted', async () => {
    const controller = new AbortController();
    const run = runBench(
      options({ signal: controller.signal, narrate: () => controller.abort(new Error('interrupted')) }),
    );
    await assert.rejects(run, /interrupted/);
  });
});
