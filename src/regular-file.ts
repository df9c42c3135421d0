import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

/** More than any key, certificate, setting or record comes to. */
const smallBytes = 16 << 20;

/** Opening a pipe would else wait for whoever writes to it; Windows knows no such flag. */
const atOnce = constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);

/** Reads a file of up to `mostBytes`. Throws the system's error, and at once where it is a pipe, a device, a folder or larger. */
export async function readRegularFile(path: string, mostBytes = smallBytes): Promise<Buffer> {
  const file = await open(path, atOnce);
  try {
    check(await file.stat(), mostBytes);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The same, while everything waits for it. */
export function readRegularFileSync(path: string, mostBytes = smallBytes): Buffer {
  const file = openSync(path, atOnce);
  try {
    check(fstatSync(file), mostBytes);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function check(stats: Stats, mostBytes: number): void {
  if (!stats.isFile()) throw new Error('it is not a regular file');
  if (stats.size > mostBytes) throw new Error(`it has ${stats.size} bytes, more than ${mostBytes}`);
}
