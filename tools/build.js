// Transpiles src, bench and test into dist, file by file. Types are erased here and checked by `npm run types`.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { cp, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const rooms = ['src', 'bench', 'test'];

/** Files of the rooms, with their last change in milliseconds. Every start waits for this, and it is fastest without promises. */
function listSources() {
  const found = [];
  for (const room of rooms.filter((room) => existsSync(join(root, room)))) {
    const entries = readdirSync(join(root, room), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((entry) => entry.isFile())) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      found.push({ path, changedMs: statSync(path).mtimeMs });
    }
  }
  return found;
}

const isCode = (path) => path.endsWith('.ts') && !path.endsWith('.d.ts');
const isAsset = (path) => path.includes(`${join('playground', 'web')}`) || /\.(json|html|proto)$/.test(path);

/** Builds everything into dist, from nothing. */
export async function buildAll() {
  const { build } = await import('esbuild');
  const startedAt = new Date();
  const sources = listSources();
  await rm(dist, { recursive: true, force: true });
  await build({
    entryPoints: sources.map(({ path }) => path).filter(isCode),
    outdir: dist,
    outbase: root,
    absWorkingDir: root,
    format: 'esm',
    platform: 'node',
    target: 'node20.9',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
  });
  for (const { path } of sources.filter(({ path }) => isAsset(path))) {
    await cp(path, path.replace(root, dist));
  }
  await writeFile(stamp, '');
  await utimes(stamp, startedAt, startedAt);
}

/** Builds when a source is newer than the last build; answers whether it did. */
export async function buildIfStale() {
  const builtMs = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = listSources();
  if (sources.length === 0 || sources.every(({ changedMs }) => changedMs < builtMs)) return false;
  await buildAll();
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildAll();
