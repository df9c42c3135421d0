import { readDuration } from '../../text/time.js';
import { flagError } from './csv.js';

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes of `512m`, `1.5g`, `64MiB` or `1024`; units are powers of 1024, as docker reads them. */
export function parseBytes(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])i?b?|b)?$/i.exec(text.trim());
  const unit = units[(match?.[2] ?? '').toLowerCase()];
  if (match?.[1] === undefined || unit === undefined) {
    throw flagError(flag, text, 'expected a size such as 512m or 2g');
  }
  return Math.floor(Number(match[1]) * unit);
}

/** `1.5` CPUs as the engine's billionths of a CPU. */
export function parseCpus(flag: string, text: string): number {
  const cpus = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(cpus > 0)) throw flagError(flag, text, 'expected a number of CPUs such as 2 or 0.5');
  return Math.round(cpus * 1e9);
}

/** Milliseconds of `90`, `90s`, `2m`, `500ms`; a bare number means seconds. */
export function parseDuration(flag: string, text: string): number {
  const timeMs = readDuration(text);
  if (timeMs === undefined) throw flagError(flag, text, 'expected a time such as 90s or 2m');
  return timeMs;
}

/** A whole number of at least `least`. */
export function parseCount(flag: string, text: string, least = 0): number {
  const count = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < least)
    throw flagError(flag, text, `expected a whole number of at least ${least}`);
  return count;
}

/** `size=64m` among the options of --tmpfs, in bytes. */
export function tmpfsBytes(options: string): number | undefined {
  const size = /(?:^|,)size=(\d+[kmg]?)/i.exec(options)?.[1];
  return size === undefined ? undefined : parseBytes('--tmpfs', size);
}
