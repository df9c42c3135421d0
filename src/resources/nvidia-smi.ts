import { omitUndefined } from '../omit-undefined.js';
import type { GpuReading } from './types.js';

/** Fields asked of nvidia-smi, in the order that the parser expects. */
export const gpuFields = [
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
