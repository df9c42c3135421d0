import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { toAsset, type Asset } from './assets.js';

/** A file that the page offers to try a model with. */
export interface Sample {
  readonly name: string;
  /** An image to post as it is, or a JSON request of the protocol. */
  readonly kind: 'picture' | 'request';
}

const kinds: Readonly<Record<string, Sample['kind']>> = {
  '.png': 'picture',
  '.jpg': 'picture',
  '.jpeg': 'picture',
  '.webp': 'picture',
  '.json': 'request',
};
const maxSamples = 64;
/** Of a sample; larger ones are left out. */
export const mostSampleBytes = 4 << 20;

/**
 * Samples of a model, sorted by name: plain files in `<repository>/<model>/samples/`, at most 64, each up to 4 MiB.
 * Links are left out, so that nothing outside the folder is served. A model without the folder has none.
 */
export async function listSamples(repository: string, model: string): Promise<readonly Sample[]> {
  const folder = await findFolder(repository, model);
  if (folder === undefined) return [];
  const names = (await readdir(folder)).filter((name) => kindOf(name) !== undefined).sort();
  const checked = await Promise.all(names.map((name) => isServable(join(folder, name))));
  return names
    .filter((_, index) => checked[index])
    .slice(0, maxSamples)
    .map((name) => ({ name, kind: kindOf(name) ?? 'picture' }));
}

/** One of the samples that `listSamples` names; undefined for any other name. */
export async function readSample(
  repository: string,
  { model, name }: { readonly model: string; readonly name: string },
): Promise<Asset | undefined> {
  const samples = await listSamples(repository, model);
  if (!samples.some((sample) => sample.name === name)) return undefined;
  return toAsset(name, await readFile(join(repository, model, 'samples', name)));
}

const kindOf = (name: string): Sample['kind'] | undefined => kinds[extname(name).toLowerCase()];

/** The samples' folder where it really lies inside the repository; a name that leads elsewhere finds nothing. */
async function findFolder(repository: string, model: string): Promise<string | undefined> {
  if (/^\.*$|[/\\\0]/.test(model)) return undefined;
  const root = await realpath(repository).catch(() => undefined);
  if (root === undefined) return undefined;
  const folder = await realpath(join(root, model, 'samples')).catch(() => undefined);
  return folder === join(root, model, 'samples') ? folder : undefined;
}

async function isServable(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true && found.size <= mostSampleBytes;
}
