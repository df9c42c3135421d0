import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { findCgroupFolders } from './cgroup.js';

/** How much memory this process may use, and what says so. */
export interface MemoryLimit {
  readonly bytes: number;
  /** `cgroup v2 memory.max 2147483648`, `8589934592 of the machine`. */
  readonly source: string;
}

/** The smallest of the machine's memory and the limits of this process's cgroup and its ancestors, v1 or v2. `root` stands before /proc and /sys. */
export async function readMemoryLimit(
  options: { readonly root?: string; readonly totalBytes?: number } = {},
): Promise<MemoryLimit> {
  const read = (path: string): Promise<string> => readFile(join(options.root ?? '/', path), 'utf8').catch(() => '');
  const totalBytes = options.totalBytes ?? totalmem();
  const [cgroup = '', mountinfo = ''] = await Promise.all(
    ['cgroup', 'mountinfo'].map((name) => read(`/proc/self/${name}`)),
  );
  let least: MemoryLimit = { bytes: totalBytes, source: `${totalBytes} of the machine` };
  for (const { version, folders } of findCgroupFolders(cgroup, mountinfo, 'memory')) {
    const file = version === 2 ? 'memory.max' : 'memory.limit_in_bytes';
    for (const folder of folders) {
      const bytes = parseBytes(await read(`${folder}/${file}`));
      if (bytes !== undefined && bytes < least.bytes) least = { bytes, source: `cgroup v${version} ${file} ${bytes}` };
    }
  }
  return least;
}

/** `max` is no limit, nor is a number that no machine has (cgroup v1 writes the largest there is). */
function parseBytes(text: string): number | undefined {
  const trimmed = text.trim();
  return /^\d+$/.test(trimmed) && Number(trimmed) > 0 ? Number(trimmed) : undefined;
}

const leastRequestBytes = 32 * 1024 * 1024;

/** What requests may hold together where nobody says: a quarter, since models, threads and the collector's own room need the rest. */
export function defaultRequestMemory({ bytes }: MemoryLimit): number {
  return Math.max(leastRequestBytes, Math.floor(bytes / 4));
}

/** What a process of a model that runs apart may have, by the bytes of the model's files. */
export type ProcessMemory = (fileBytes: number) => number;

/** Copies of a model's weights while it loads: as they are read, as they are kept, optimised and packed. */
const copiesOfFiles = 4;

/** Node.js with the runtime, and what a run takes beside the tensors of its requests. */
const ownProcessBytes = 2 ** 30;

/**
 * Its model, and as much as all requests may hold: a tensor that needs more is refused when the runtime asks for its memory, before anything
 * fills it. At most three quarters of what there is, since the rest is the server's own.
 */
export function limitProcessMemory({ bytes }: MemoryLimit, requestBytes: number): ProcessMemory {
  return (fileBytes) =>
    Math.floor(Math.min((bytes * 3) / 4, requestBytes + ownProcessBytes + copiesOfFiles * fileBytes));
}
