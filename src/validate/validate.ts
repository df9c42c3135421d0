import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { messageOf } from '../errors.js';
import { probeProvider } from '../engine/probe/probe.js';
import type { OnnxHeader, ProviderName } from '../model/config.js';
import { takeSnapshot, type Snapshot } from '../repository/files/snapshot.js';
import { sizeSettings } from '../repository/proof/made-up-inputs.js';
import { drawRow, rowStyles } from '../tensor/hard-rows.js';
import { concatRows } from '../tensor/rows.js';
import type { NamedTensors, TensorSpec } from '../tensor/tensor.js';
import { compareProviders, judgeBatch, judgeProvider, type Finding, type ProviderTrial } from './findings.js';
import type { TrialOrder, TrialResult, TrialRun } from './trial.js';

/** What a validation needs. */
export interface ValidateOptions {
  /** For copies of the model and what processes tell each other. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

const providers: readonly ProviderName[] = ['cpu', 'cuda', 'tensorrt', 'webgpu'];

/** How long one provider may take for all runs. */
const limitMs = 300_000;

/** Runs a model on rows of every kind, alone and together, on every provider that works here; never throws for what the model does. */
export async function validateModel(path: string, options: ValidateOptions): Promise<readonly Finding[]> {
  let snapshot: Snapshot;
  try {
    snapshot = await takeSnapshot(path, { homes: ['/'], folder: options.folder });
  } catch (thrown) {
    return [{ level: 'fail', text: messageOf(thrown) }];
  }
  const { header } = snapshot;
  const notes = header.adaptations.map((text): Finding => ({ level: 'note', text }));
  const hazard: readonly Finding[] =
    header.hazard === undefined ? [] : [{ level: 'note', text: `served in processes of its own: ${header.hazard}` }];
  return [...notes, ...hazard, ...(await tryAll(snapshot, options))];
}

async function tryAll(snapshot: Snapshot, options: ValidateOptions): Promise<readonly Finding[]> {
  const { header } = snapshot;
  const isBatched =
    [...header.inputs, ...header.outputs].every(({ shape }) => shape[0] === -1) && header.inputs.length > 0;
  const { runs, reference } = await findRuns(snapshot, isBatched, options);
  const findings: Finding[] = [...judgeProvider(reference, runs)];
  const trials: ProviderTrial[] = [reference];
  for (const provider of providers.slice(1)) {
    const proof = await probeProvider(provider, { env: options.env });
    if (!proof.works) {
      findings.push({ level: 'note', text: `${provider}: not tried, it does not work here (${proof.reason})` });
      continue;
    }
    const trial = await runOn(provider, orderOf(snapshot, runs), options);
    trials.push(trial);
    findings.push(...judgeProvider(trial, runs));
    if ('result' in reference) findings.push(...compareProviders(trial, reference.result, runs));
  }
  if (!isBatched)
    return [
      ...findings,
      { level: 'note', text: 'no batch dimension in every input and output: requests are not batched' },
    ];
  return [...findings, ...trials.flatMap((trial) => judgeBatch(trial) ?? [])];
}

/** The runs with the first sizes of variable dimensions with which the CPU runs every row; the last try stands where none does. */
async function findRuns(snapshot: Snapshot, isBatched: boolean, options: ValidateOptions) {
  let last: { readonly runs: readonly TrialRun[]; readonly reference: ProviderTrial } | undefined;
  for (const specs of sizeSettings(snapshot.header, {})) {
    const runs = makeRuns(specs, isBatched);
    const reference = await runOn('cpu', orderOf(snapshot, runs), options);
    last = { runs, reference };
    if (
      'result' in reference &&
      reference.result.outcomes.slice(0, rowStyles.length).every((outcome) => 'outputs' in outcome)
    )
      break;
  }
  return last ?? { runs: [], reference: { provider: 'cpu' as const, problem: 'the model has no inputs to make up' } };
}

function makeRuns(specs: readonly TensorSpec[], isBatched: boolean): readonly TrialRun[] {
  const sizes = specs
    .map(({ name, shape }) => `${name} [${shape.map((dim) => (dim === -1 ? 1 : dim)).join(',')}]`)
    .join(', ');
  const rows = rowStyles.map((style, at) => ({
    label: `${style} values in ${sizes}`,
    feeds: drawRow(specs, { style, seed: at + 1, integers: new Map() }),
  }));
  return isBatched
    ? [...rows, { label: `${rows.length} rows together`, feeds: joined(rows.map(({ feeds }) => feeds)) }]
    : rows;
}

function joined(rows: readonly NamedTensors[]): NamedTensors {
  const names = [...(rows[0]?.keys() ?? [])];
  return new Map(
    names.map((name) => [
      name,
      concatRows(
        rows.flatMap((row) => row.get(name) ?? []),
        rows.length,
      ),
    ]),
  );
}

function orderOf(
  { modelPath, header }: { readonly modelPath: string; readonly header: OnnxHeader },
  runs: readonly TrialRun[],
): TrialOrder {
  return { modelPath, widened: header.widened, outputs: header.outputs.map(({ name }) => name), runs };
}

async function runOn(
  provider: ProviderName,
  order: TrialOrder,
  { folder, env }: ValidateOptions,
): Promise<ProviderTrial> {
  const file = join(await mkdtemp(join(folder, 'order-')), 'order');
  await writeFile(file, serialize(order));
  const entry = fileURLToPath(new URL('./provider-process.js', import.meta.url));
  const problem = await new Promise<string | undefined>((resolve) => {
    execFile(
      process.execPath,
      [entry, provider, file, String(process.pid)],
      { env, timeout: limitMs },
      (error, stdout) => {
        if (error === null) resolve(undefined);
        else if (stdout !== '') resolve(stdout);
        else
          resolve(
            error.killed === true
              ? `not done after ${limitMs / 1000} s`
              : `the model ended its process (${error.signal ?? `exit code ${String(error.code)}`})`,
          );
      },
    );
  });
  if (problem !== undefined) return { provider, problem };
  return { provider, result: deserialize(await readFile(`${file}.${provider}`)) as TrialResult };
}
