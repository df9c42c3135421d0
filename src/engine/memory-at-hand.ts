import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

let known: number | undefined;

/** What this process could have at most: the machine's memory, or less where the process was given a limit. */
export function memoryAtHand(): number {
  known ??= Math.min(totalmem(), limitOfProcess() ?? Infinity);
  return known;
}

/** Whether the system refuses this process what goes beyond that. */
export function isHeldToLimit(): boolean {
  return memoryAtHand() < totalmem();
}

function limitOfProcess(): number | undefined {
  const limit = parseDataLimit(readLimits());
  return limit === undefined ? undefined : limit - codeRangeBytes();
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

/**
 * Bytes of address space that this process keeps for machine code, on Linux. From Node.js 24 on it is half a GiB, most of which is never
 * touched; a limit of the process's data counts it anyway.
 */
export function codeRangeBytes(): number {
  const ranges = readFileSync('/proc/self/maps', 'latin1').matchAll(/^([\da-f]+)-([\da-f]+) rwxp /gm);
  return [...ranges].reduce((sum, [, from = '', to = '']) => sum + parseInt(to, 16) - parseInt(from, 16), 0);
}
