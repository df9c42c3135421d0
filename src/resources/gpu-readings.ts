import { execFile } from 'node:child_process';
import type { GpuReading } from './types.js';
import { omitUndefined } from '../omit-undefined.js';
import { limitProgram } from '../program-limit.js';

/** What nvidia-smi said, or why it said nothing. */
export type GpuReport =
  { readonly kind: 'ok'; readonly gpus: readonly GpuReading[] } | { readonly kind: 'failed'; readonly reason: string };

/** Reads the load and memory of GPUs. */
export interface GpuReader {
  /** The readings of now, or of at most `maxAgeMs` ago; calls at the same time share one answer. */
  read(): Promise<GpuReport>;
}

/** How readings are taken. */
export interface GpuReaderOptions {
  /** Programs tried in turn; WSL keeps its own outside the path. */
  readonly commands?: readonly string[];
  readonly maxAgeMs?: number;
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Where a WSL guest finds the host's nvidia-smi. */
const wslCommand = '/usr/lib/wsl/lib/nvidia-smi';

/** A reader of GPU figures that runs nvidia-smi at most once in `maxAgeMs`, and keeps failures as long. */
export function createGpuReader(options: GpuReaderOptions = {}): GpuReader {
  const maxAgeMs = options.maxAgeMs ?? 1000;
  let last: { readonly atMs: number; readonly report: Promise<GpuReport> } | undefined;
  return {
    read() {
      const nowMs = performance.now();
      if (last === undefined || nowMs - last.atMs > maxAgeMs) last = { atMs: nowMs, report: readNow(options) };
      return last.report;
    },
  };
}

async function readNow(options: GpuReaderOptions): Promise<GpuReport> {
  const commands = options.commands ?? ['nvidia-smi', wslCommand];
  for (const command of commands) {
    const report = await query(command, options);
    if (report !== undefined) return report;
  }
  return { kind: 'failed', reason: `nvidia-smi was not found (${commands.join(', ')})` };
}

/** Undefined where there is no such program. */
function query(command: string, { timeoutMs = 5000, env }: GpuReaderOptions): Promise<GpuReport | undefined> {
  const args = [`--query-gpu=${gpuFields.join(',')}`, '--format=csv,noheader,nounits'];
  return new Promise((resolve) => {
    const child = execFile(command, args, env === undefined ? {} : { env }, (error, stdout, stderr) => {
      stopClock();
      if (error === null) resolve({ kind: 'ok', gpus: parseGpuCsv(stdout) });
      else if (error.code === 'ENOENT') resolve(undefined);
      else
        resolve({
          kind: 'failed',
          reason: `nvidia-smi failed (${error.code ?? error.signal}): ${firstLine(stdout, stderr)}`,
        });
    });
    const silence = { kind: 'failed', reason: `nvidia-smi gave no answer in ${timeoutMs} ms` } as const;
    const stopClock = limitProgram(child, timeoutMs, () => resolve(silence));
  });
}

function firstLine(...texts: readonly string[]): string {
  return texts.map((text) => text.trim().split('\n')[0] ?? '').find((line) => line !== '') ?? 'it printed nothing';
}

/** Fields asked of nvidia-smi, in the order that the parser expects. */
const gpuFields = [
  'index',
  'name',
  'uuid',
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'temperature.gpu',
  'power.draw',
] as const;

const mebibyte = 1024 * 1024;

/** The answer to `--query-gpu=<gpuFields> --format=csv,noheader,nounits`; `[N/A]` and other non-numbers leave a figure out. */
export function parseGpuCsv(text: string): readonly GpuReading[] {
  return text
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length === gpuFields.length && /^\d+$/.test(cells[0] ?? ''))
    .map(toReading);
}

function toReading(cells: readonly string[]): GpuReading {
  const [index, name = '', uuid = '', ...figures] = cells;
  const [utilization, used, total, temperature, power] = figures.map(toNumber);
  return {
    index: Number(index),
    name,
    uuid,
    ...(utilization === undefined ? {} : { utilizationRatio: utilization / 100 }),
    ...(used === undefined ? {} : { memoryUsedBytes: used * mebibyte }),
    ...(total === undefined ? {} : { memoryTotalBytes: total * mebibyte }),
    ...omitUndefined({ temperatureCelsius: temperature, powerWatts: power }),
  };
}

function toNumber(cell: string): number | undefined {
  return /^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : undefined;
}
