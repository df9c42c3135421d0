import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, messageOf } from '../src/errors.js';
import { findHomeFolder } from '../src/home-folder.js';
import { parseBenchArguments } from './args.js';
import { readEnvironment, readLoadAverage, type EnvironmentBefore } from './environment/environment.js';
import { describeGpus } from './environment/gpus.js';
import { comparePeers } from './peers/main.js';
import { checkFiles, writeFiles } from './files.js';
import { readImages } from './images/read.js';
import { findRates, parseReport } from './report/baseline.js';
import { compareReports, hasRegressed } from './report/compare.js';
import { formatComparison } from './report/comparison-text.js';
import { formatReport } from './report/table.js';
import type { Report } from './types.js';
import { decide } from './report/verdict.js';
import { runBench, type RunOptions, type RunResult } from './run.js';
import type { BenchSettings, TuneSettings } from './settings.js';
import { findSubjects } from './subject/find-subjects.js';
import { stageSubjects } from './subject/stage.js';
import { chooseTargets } from './choose-targets.js';
import { defaultPace, quickPace } from './tune/pace.js';
import { formatTuned, tuneAll } from './tune/tune.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cacheFolder = join(process.env['XDG_CACHE_HOME'] ?? join(findHomeFolder(), '.cache'), 'slipway', 'bench-models');
const startedAt = new Date();

const narrate = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const invocation = parseBenchArguments(process.argv.slice(2));
  if (invocation.kind === 'print') {
    process.stdout.write(invocation.text);
    return 0;
  }
  const { signal } = abortOnSignals();
  const workplace = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  try {
    return await measure(invocation.settings, workplace, signal);
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

/** The first Ctrl-C ends what was started and tidies up; the second ends at once (the children end with this process). */
function abortOnSignals(): AbortController {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    narrate('interrupted: ending the servers');
    controller.abort(new AppError('CLIENT_GONE', 'interrupted'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  return controller;
}

async function measure(settings: BenchSettings, workplace: string, signal: AbortSignal): Promise<number> {
  await checkFiles(settings.files);
  const baseline = settings.baseline === undefined ? undefined : await readBaseline(settings.baseline.file);
  const environment = await readEnvironment(root, process.env);
  if (settings.peers !== undefined) {
    return comparePeers(settings, { peers: settings.peers, workplace, signal, environment, narrate });
  }
  narrate(describeGpus(environment.gpu));
  const options = await prepare(settings, { workplace, signal, environment, baseline });
  if (settings.tune !== undefined) return tuneModels(options, settings.tune, environment);
  const result = await runBench(options);
  const report = toReport(settings, environment, result);
  process.stdout.write(formatReport(report));
  await writeFiles(settings.files, report);
  if (baseline === undefined || settings.baseline === undefined) return 0;
  const { failOn } = settings.baseline;
  const comparison = compareReports(baseline, report, failOn);
  process.stdout.write(`\n${formatComparison(comparison, failOn)}`);
  return hasRegressed(comparison) ? 3 : 0;
}

/** Settings are for a kind of machine: its CPU, and how much of it may be used. */
async function tuneModels(options: RunOptions, tune: TuneSettings, environment: EnvironmentBefore): Promise<number> {
  const hardware = `${environment.cpu}, ${environment.cpuBudget.cpus} usable`;
  const tuneOptions = {
    ...options,
    tune,
    hardware,
    pace: options.settings.method.mode === 'quick' ? quickPace : defaultPace,
  };
  const tuned = await tuneAll(tuneOptions);
  process.stdout.write(formatTuned(tuned, tuneOptions));
  const { json } = options.settings.files;
  const file = { format: 'slipway-tune/1', environment, latencyTargetMs: tune.latencyTargetMs, models: tuned };
  if (json !== undefined) await writeFile(json, `${JSON.stringify(file)}\n`);
  return 0;
}

async function readBaseline(file: string): Promise<Report> {
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    throw new AppError(
      'USAGE',
      `--baseline ${file} cannot be read: ${messageOf(thrown)}. Write one first: npm run bench -- --json ${file}`,
    );
  });
  return parseReport(text, file);
}

interface Surroundings {
  readonly workplace: string;
  readonly signal: AbortSignal;
  readonly environment: EnvironmentBefore;
  readonly baseline: Report | undefined;
}

async function prepare(settings: BenchSettings, around: Surroundings): Promise<RunOptions> {
  const { workplace, signal, environment, baseline } = around;
  const repository = join(workplace, 'models');
  const subjects = await findSubjects({
    models: settings.models,
    folder: resolve(settings.modelsFolder ?? join(root, 'models')),
    cacheFolder,
    hasRemote: settings.urls.length > 0,
    narrate,
  });
  return {
    settings,
    subjects: await stageSubjects(subjects, repository),
    repository,
    plans: chooseTargets({
      settings,
      gpu: environment.gpu,
      hasEngine: await hasEngine(),
      env: { ...process.env, TMPDIR: workplace },
      flags: ['--cache-dir', join(workplace, 'cache')],
    }),
    images: await readImages(root),
    cpus: environment.cpuBudget.cpus,
    ratesOf: (model) => (baseline === undefined ? [] : findRates(baseline, model)),
    signal,
    narrate,
  };
}

function toReport({ method }: BenchSettings, environment: EnvironmentBefore, result: RunResult): Report {
  const { targets, models, rows, onnxRuntime } = result;
  const whole = { ...environment, onnxRuntime, loadAverageAfter: readLoadAverage() };
  return {
    format: 'slipway-bench/1',
    startedAt: startedAt.toISOString(),
    durationS: performance.now() / 1000,
    method,
    environment: whole,
    targets,
    models,
    rows,
    verdict: decide({ environment: whole, targets, models, rows }),
  };
}

async function hasEngine(): Promise<boolean> {
  if (process.env['DOCKER_HOST'] !== undefined) return true;
  return (await stat('/var/run/docker.sock').catch(() => undefined)) !== undefined;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  const isInterrupted = thrown instanceof AppError && thrown.code === 'CLIENT_GONE';
  if (!isInterrupted) process.stderr.write(`bench: ${messageOf(thrown)}\n`);
  process.exitCode = isInterrupted ? 130 : thrown instanceof AppError && thrown.code === 'USAGE' ? 2 : 1;
}
