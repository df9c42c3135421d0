import { stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../../model/file-hash.js';
import { readRegularFile } from '../../regular-file.js';

/** Names inside an entry: the optimised model, its weights, and the list of both. */
export const modelFile = 'model.onnx';
const manifestFile = 'manifest.json';

interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface Manifest {
  readonly files: readonly ManifestFile[];
}

/** Writes down what the entry's files are, last of all: an entry without this list does not count. */
export async function writeManifest(folder: string, names: readonly string[]): Promise<void> {
  const files = await Promise.all(names.map((name) => describeFile(folder, name)));
  await writeFile(join(folder, manifestFile), JSON.stringify({ files } satisfies Manifest));
}

async function describeFile(folder: string, name: string): Promise<ManifestFile> {
  const path = join(folder, name);
  const { size } = await stat(path);
  return { name, bytes: size, sha256: await hashFile(path) };
}

/** Whether the entry is there with every file as it was written, byte for byte: a disk that fails changes no time stamp. */
export async function isWhole(folder: string): Promise<boolean> {
  try {
    const manifest = JSON.parse(String(await readRegularFile(join(folder, manifestFile)))) as Manifest;
    const checks = await Promise.all(manifest.files.map((file) => isUnchanged(folder, file)));
    return checks.length > 0 && checks.every((unchanged) => unchanged);
  } catch {
    return false;
  }
}

async function isUnchanged(folder: string, { name, bytes, sha256 }: ManifestFile): Promise<boolean> {
  const path = join(folder, name);
  const { size } = await stat(path);
  return size === bytes && (await hashFile(path)) === sha256;
}

/** Bytes of an entry and when it was last used, for the choice of what to remove; undefined for what is no entry. */
export async function readUse(
  folder: string,
): Promise<{ readonly bytes: number; readonly usedMs: number } | undefined> {
  try {
    const path = join(folder, manifestFile);
    const { files } = JSON.parse(String(await readRegularFile(path))) as Manifest;
    return { bytes: files.reduce((sum, file) => sum + file.bytes, 0), usedMs: (await stat(path)).mtimeMs };
  } catch {
    return undefined;
  }
}

/** Marks an entry as used now; a folder that cannot be written stays as it is. */
export async function touch(folder: string, nowMs: number): Promise<void> {
  const seconds = nowMs / 1000;
  await utimes(join(folder, manifestFile), seconds, seconds).catch(() => undefined);
}
