import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';
import { dirname, parse } from 'node:path';
import { AppError } from '../../errors.js';
import { findExternalFiles } from '../../model/onnx/external-data.js';
import { readOnnxHeader } from '../../model/onnx/reader.js';
import { hashFile } from '../../model/file-hash.js';

/** Changes whenever entries are written in another way. */
const layoutVersion = 2;

/** All files of a model that may be served: the model itself, then those that hold weights outside of it. */
export async function listModelFiles(modelPath: string): Promise<readonly string[]> {
  const { externalData } = readOnnxHeader(modelPath);
  const places = { folders: [dirname(modelPath)], homes: [parse(modelPath).root] };
  return [modelPath, ...(await findExternalFiles(places, externalData)).map(({ real }) => real)];
}

/** Bytes of all files of a model. */
export async function measureModel(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The instruction sets that the CPU offers, as /proc/cpuinfo lists them: prepacked weights fit no other. */
export async function readCpuFeatures(): Promise<string> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  return `${platform()} ${arch()} ${cpus()[0]?.model ?? ''} ${flags}`;
}

/** The name of a cache entry: a hash over the model's bytes, the runtime's version and the CPU's features. */
export async function computeKey(
  files: readonly string[],
  options: { readonly runtimeVersion: string; readonly cpuFeatures: string },
): Promise<string> {
  const hashes = await hashContent(files);
  const parts = [layoutVersion, options.runtimeVersion, options.cpuFeatures, ...hashes];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The hash of each file. Throws MODEL_INVALID where one changes meanwhile. */
export async function hashContent(files: readonly string[]): Promise<readonly string[]> {
  const before = await fingerprint(files);
  const hashes = await Promise.all(files.map(hashFile));
  await checkUnchanged(files, before);
  return hashes;
}

/** What tells that files are still the same without reading them: inode, size and last change of each. */
export async function fingerprint(files: readonly string[]): Promise<string> {
  const stats = await Promise.all(files.map((file) => stat(file)));
  return stats.map(({ ino, size, mtimeMs }) => `${ino}:${size}:${mtimeMs}`).join(' ');
}

/** Throws MODEL_INVALID where files are not those of the fingerprint any more. */
export async function checkUnchanged(files: readonly string[], before: string): Promise<void> {
  if ((await fingerprint(files)) === before) return;
  throw new AppError('MODEL_INVALID', `${files[0] ?? 'The model'} changed while it was read: load it again.`);
}
