import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { probeProvider } from '../../src/engine/probe/probe.js';
import { decideTf32, isTf32Allowed } from '../../src/engine/tf32.js';
import { messageOf } from '../../src/errors.js';
import { writeOnnx, type Graph } from '../../src/model/onnx/writer.js';
import { readEnvironment } from '../environment/environment.js';
import { generators } from '../models/generate.js';
import { buildPerceptron } from '../models/perceptron.js';
import { parseProofArguments, type ProofArguments } from './arguments.js';
import { askProcess, askTwo, turnsOfTwo } from './ask-process.js';
import { toHalfGraph } from './half-graph.js';
import { formatProof } from './page.js';
import { planSteps, type ProofModel } from './plan.js';
import type { ProofReport, Step, StepOutcome, StepReport } from './types.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** A step that takes longer is broken; a proof that takes longer leaves the rest out. */
const stepLimitMs = 60_000;
const limitMs = 440_000;
const tolerances =
  'of the largest value of an output: FP32 1e-3, FP16 1e-2, BF16 5e-2, FP64 1e-6; FP32 also 2.4e-7 of 1; others exactly';

const narrate = (line: string): void => void process.stderr.write(`${line}\n`);

/** The files that are named; else the models of the checkout, and generated ones in FP32 and FP16, written where the report goes. */
async function gatherModels({ out, isSmall, models }: ProofArguments): Promise<readonly ProofModel[]> {
  if (models.length > 0) return models.map((file) => ({ name: basename(file, '.onnx'), path: resolve(file) }));
  const bundled = join(root, 'models');
  const found: ProofModel[] = [];
  for (const name of await readdir(bundled).catch(() => [])) {
    const path = join(bundled, name, '1', 'model.onnx');
    if (await stat(path).catch(() => undefined)) found.push({ name, path });
  }
  const small = { 'random-perceptron': () => buildPerceptron(3, [16, 32, 4]) };
  const folder = join(out, 'models');
  await mkdir(folder, { recursive: true });
  for (const [name, build] of Object.entries<() => Graph>(isSmall ? small : generators)) {
    const graphs: readonly (readonly [string, Graph])[] = [
      [name, build()],
      // The encoder converts its token ids inside, so its graph is not one datatype.
      ...(name === 'random-encoder' ? [] : [[`${name}-fp16`, toHalfGraph(build())] as const]),
    ];
    for (const [name, graph] of graphs) {
      const path = join(folder, `${name}.onnx`);
      await writeFile(path, writeOnnx(graph));
      found.push({ name, path });
    }
  }
  return found;
}

async function proveProvider({ provider }: Step): Promise<StepOutcome> {
  const proof = await probeProvider(provider, { env: process.env, timeoutMs: stepLimitMs });
  if (!proof.works) return { state: 'failed', rows: [], reason: proof.reason };
  return { state: 'passed', rows: [{ provider, isSoftware: proof.isSoftware === true }] };
}

function answer(step: Step): Promise<StepOutcome> {
  const leftMs = limitMs - performance.now();
  if (leftMs <= 0)
    return Promise.resolve({ state: 'broken', reason: `left out: the proof had taken ${limitMs / 1000} s` });
  if (step.kind === 'provider') return proveProvider(step);
  if (step.kind === 'two workers') return askTwo(step, Math.min(stepLimitMs, leftMs / turnsOfTwo));
  return askProcess(step, Math.min(stepLimitMs, leftMs));
}

/** Whole or not at all: a proof that is cut short leaves the last report that was written. */
async function write(out: string, report: ProofReport): Promise<void> {
  for (const [name, text] of [
    ['gpu-proof.json', `${JSON.stringify(report, null, 1)}\n`],
    ['gpu-proof.html', formatProof(report)],
  ] as const) {
    await writeFile(join(out, `${name}.part`), text);
    await rename(join(out, `${name}.part`), join(out, name));
  }
}

async function main(): Promise<number> {
  const given = parseProofArguments(process.argv.slice(2));
  const settings = { ...given, out: resolve(given.out) };
  decideTf32(process.env, settings.isTf32Allowed);
  const startedAt = new Date().toISOString();
  await mkdir(settings.out, { recursive: true });
  const [models, environment] = [await gatherModels(settings), await readEnvironment(root, process.env)];
  const plan = planSteps({ ...settings, models });
  const steps: StepReport[] = [];
  for (const [index, step] of plan.entries()) {
    const startedMs = performance.now();
    const outcome = await answer(step).catch((error: unknown): StepOutcome => ({
      state: 'broken',
      reason: messageOf(error),
    }));
    const seconds = (performance.now() - startedMs) / 1000;
    steps.push({ step: step.name, kind: step.kind, provider: step.provider, seconds, outcome });
    const reason = outcome.reason === undefined ? '' : `: ${outcome.reason}`;
    narrate(`${index + 1}/${plan.length} ${step.name}: ${outcome.state} in ${seconds.toFixed(1)} s${reason}`);
    const isComplete = steps.length === plan.length;
    const format = 'slipway-gpu-proof/1';
    await write(settings.out, {
      format,
      startedAt,
      provider: settings.provider,
      isComplete,
      tolerances,
      isTf32Allowed: isTf32Allowed(process.env),
      environment,
      steps,
    });
  }
  narrate(`report: ${join(settings.out, 'gpu-proof.html')}`);
  return steps.every(({ outcome }) => outcome.state === 'passed') ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  narrate(`gpu-proof: ${messageOf(thrown)}`);
  process.exitCode = 2;
}
