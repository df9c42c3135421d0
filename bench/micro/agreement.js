// Sets the benchmark's load generator beside an independent one (wrk, which has to be installed) on one server, in turn: the ratios of rates
// and medians, with 95 % intervals. wrk's higher percentiles are no measurements: it adds requests that it thinks were left out.
// Usage: node tools/build.js && node bench/micro/agreement.js [MODEL] [CLIENTS] [ROWS] [binary|json|image] [SECONDS a window] [ROUNDS]
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const load = (path) => import(new URL(`../../dist/bench/${path}`, import.meta.url).href);
const { startLoadGenerator } = await load('load/load.js');
const { buildPayloads, toWireRequest } = await load('targets/requests.js');
const { generateModel, generators } = await load('models/generate.js');
const { mergeHistograms } = await load('stats/histogram.js');
const { ratioOfPairs } = await load('stats/spread.js');
const { planNative } = await load('targets/native.js');
const { readModel } = await load('targets/server-facts.js');
const { urlOf } = await load('targets/target.js');

const [model = 'digits', clients = '8', rows = '1', form = 'binary', seconds = '4', rounds = '6'] =
  process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'slipway-agreement-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const repository = join(folder, 'models');
if (model in generators) await generateModel(repository, model);
else if (existsSync(root(`models/${model}`)))
  cpSync(root(`models/${model}`), join(repository, model), { recursive: true });
else throw new Error(`No model ${model} in models/, and none of ${Object.keys(generators).join(', ')}`);

const { signal } = new AbortController();
const target = await planNative({ provider: 'cpu', env: process.env }).start({
  repository,
  signal,
  narrate: () => undefined,
});
const generator = startLoadGenerator();
try {
  const { inputs } = await readModel(target, model);
  const images = [new Uint8Array(readFileSync(root('bench/images/scene-1.jpg')))];
  const [payload] = buildPayloads({ model, inputs, form, rows: Number(rows), variable: 128, images });
  const script = writeScript(payload);

  const ours = async (warmupMs) => {
    const { windows } = await generator.run({
      ...target.origin,
      requests: [toWireRequest(payload, target.origin)],
      arrivals: { kind: 'closed', concurrency: Number(clients) },
      warmupMs,
      windowMs: Number(seconds) * 1000,
      windows: 1,
      timeoutMs: 30_000,
    });
    const [{ completed, elapsedMs, latencies }] = windows;
    return { rate: (completed * 1000) / elapsedMs, p50Ms: mergeHistograms([latencies]).percentileMs(50) };
  };
  const theirs = async () => {
    const flags = ['-t1', `-c${clients}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, urlOf(target.origin)];
    const { stdout } = await promisify(execFile)('wrk', flags);
    const [, count, us, p50Us, errors] = /^RESULT (\d+) (\d+) (\d+) (\d+)$/m.exec(stdout);
    if (errors !== '0') throw new Error(`${errors} answers were errors`);
    return { rate: (Number(count) * 1e6) / Number(us), p50Ms: Number(p50Us) / 1000 };
  };

  await ours(5000); // the server's code is compiled
  const pairs = [];
  for (let round = 0; round < Number(rounds); round++) {
    const pair = round % 2 === 0 ? [await ours(300), await theirs()] : [await theirs(), await ours(300)].reverse();
    pairs.push(pair);
  }
  const show = (name) => {
    const { low, middle, high } = ratioOfPairs(pairs.map(([a, b]) => [a[name], b[name]]));
    return `${name} ${middle.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  };
  console.log(
    `${model}, ${clients} clients, ${rows} rows, ${form}: ours over wrk's: ${show('rate')}, ${show('p50Ms')}`,
  );
} finally {
  await generator.close();
  await target.stop();
}

/** The same request for wrk. */
function writeScript({ path, headers, body }) {
  const bodyPath = join(folder, 'body');
  writeFileSync(bodyPath, body);
  const lines = [
    `local file = io.open("${bodyPath}", "rb")`,
    'wrk.method = "POST"',
    `wrk.path = "${path}"`,
    'wrk.body = file:read("*a")',
    'file:close()',
    ...Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`),
    'function done(summary, latency)',
    '  local format = "RESULT %d %d %d %d\\n"',
    '  io.write(string.format(format, summary.requests, summary.duration, latency:percentile(50), summary.errors.status))',
    'end',
  ];
  const script = join(folder, 'request.lua');
  writeFileSync(script, `${lines.join('\n')}\n`);
  return script;
}
