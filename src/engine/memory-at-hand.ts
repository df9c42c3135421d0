import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

let known: number | undefined;

/** What this process could have at most: the machine's memory, or less where the process was given a limit. */
export function memoryAtHand(): number {
  known ??= Math.min(totalmem(), parseDataLimit(readLimits()) ?? Infinity);
  return known;
}

/** The soft limit of a process's data in `/proc/self/limits`; undefined where there is none. */
export function parseDataLimit(text: string): number | undefined {
  const [, bytes] = /^Max data size\s+(\d+)/m.exec(text) ?? [];
  return bytes === undefined ? undefined : Number(bytes);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
