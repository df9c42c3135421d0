import { execFile, type ExecFileException } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../errors.js';
import type { SessionSpec } from '../engine.js';
import { listModelFiles, measureModel } from './weights-key.js';
import { newBuildFolder, tryingLine } from './weights-store.js';
import type { WeightsAnswer, WeightsRequest } from './weights-process.js';

/** Where prepared weights are kept, and for which models. */
export interface WeightsCacheOptions {
  /** Folder of the entries; made when missing, for this user alone. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Models smaller than this in all are loaded as they are: starting a process costs more than it saves. */
  readonly minBytes?: number;
  /** Bytes that all entries may take together. */
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  /** Aborted when nobody waits for them any more: the process that makes them is ended. */
  readonly signal?: AbortSignal | undefined;
}

/** What to load in a model's stead, and why. */
export interface PreparedModel {
  readonly spec: SessionSpec;
  readonly reason: string;
  /** Whether one more session takes little memory: its weights are shared, or few. */
  readonly isLight?: boolean;
}

/** 8 MiB: below, an extra worker costs less than twice that, and the process would be most of the load time. */
const defaultMinBytes = 8 * 1024 * 1024;
const defaultMaxBytes = 16 * 1024 ** 3;
const defaultTimeoutMs = 10 * 60_000;

/**
 * The model as workers should load it: its optimised copy with prepacked weights, which all of them map, or the model
 * itself where that is not worth it or cannot be done. Never rejects: a cache that fails only costs memory.
 */
export async function prepareWeights(spec: SessionSpec, options: WeightsCacheOptions): Promise<PreparedModel> {
  if (spec.provider !== 'cpu') return { spec, reason: 'weights live in the memory of the device' };
  if (spec.optimised) return { spec, reason: 'the model was saved optimised' };
  if (spec.mayRun === false)
    return {
      spec,
      reason: 'not shared: nothing is run before the first request, and a copy is trusted only when it was run',
    };
  try {
    const bytes = await measureModel(await listModelFiles(spec.modelPath));
    const minBytes = options.minBytes ?? defaultMinBytes;
    if (bytes < minBytes)
      return { spec, reason: `its ${bytes} bytes are below ${minBytes}, too few to share`, isLight: true };
    const answer = await ask(spec, options);
    if (answer.kind === 'failed') return { spec, reason: `not shared: ${answer.reason}` };
    const reason = `shared by all workers from ${answer.made ? 'a new' : 'an existing'} cache entry`;
    return { spec: { ...spec, modelPath: answer.modelPath, optimised: true }, reason, isLight: true };
  } catch (error) {
    return { spec, reason: `not shared: ${messageOf(error)}` };
  }
}

async function ask(spec: SessionSpec, options: WeightsCacheOptions): Promise<WeightsAnswer> {
  const { folder, env, maxBytes = defaultMaxBytes, timeoutMs: timeout = defaultTimeoutMs, signal } = options;
  const request: WeightsRequest = { spec, folder, maxBytes, buildFolder: newBuildFolder(folder), parent: process.pid };
  const entry = fileURLToPath(new URL('./weights-process.js', import.meta.url));
  const ended = await new Promise<Ended>((resolve) => {
    const how = { env, timeout, signal, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [entry, JSON.stringify(request)], how, (error, stdout, stderr) =>
      resolve({ error, stdout, stderr }),
    );
  });
  if (ended.error === null) return JSON.parse(lastLine(ended.stdout)) as WeightsAnswer;
  await rm(request.buildFolder, { recursive: true, force: true });
  return { kind: 'failed', reason: describeEnd(ended, timeout) };
}

/** What a process that gave no answer left behind. */
interface Ended {
  readonly error: ExecFileException | null;
  readonly stdout: string;
  readonly stderr: string;
}

function describeEnd({ error, stdout, stderr }: Ended, timeoutMs: number): string {
  const isTrying = stdout.startsWith(tryingLine);
  if (error?.killed) return `${isTrying ? tryingLine : 'saving it'} took longer than ${timeoutMs / 1000} s`;
  const end = String(error?.signal ?? error?.code);
  const head = isTrying ? `its copy crashed when it was tried (${end})` : `saving it ended with ${end}`;
  return [head, lastLine(stderr)].filter((text) => text !== '').join(': ');
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
