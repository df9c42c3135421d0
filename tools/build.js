// Transpiles src, bench and test into dist, file by file, and joins what the server's process and threads start with (decision 011).
// Types are erased here and checked by `npm run types`.
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const rooms = ['src', 'bench', 'test'];
/** A module that the page loads too, and the script that it is there. */
const shared = ['src/image/drawing/place-captions.ts', 'src/playground/web/result/place-captions.js'];

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

/** A path as esbuild is given it: in one from the root, characters such as `*`, `?` and `"` of the folder around would mean something. */
const fromRoot = (path) => relative(root, path);

const isCode = (path) => path.endsWith('.ts') && !path.endsWith('.d.ts');
const isAsset = (path) => path.includes(`${join('playground', 'web')}`) || /\.(json|html|proto)$/.test(path);

/** The file that the server's process starts with, and those that it starts threads and processes with. */
function findEntries(paths) {
  const started = paths.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/new URL\('(\.[^']+)\.js', import\.meta\.url\)/g)].map(([, target]) =>
      join(dirname(path), `${target}.ts`),
    ),
  );
  return [...new Set([join(root, 'src/server/main.ts'), ...started])].filter(existsSync);
}

/** Joined modules find files and threads from where they were. */
const fromOriginalPlace = {
  name: 'from-original-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const place = `../../${fromRoot(path).replace(/\.ts$/, '.js').replaceAll('\\', '/')}`;
      const here = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', here), loader: 'ts' };
    });
  },
};

/** Joins an entry with the modules of src that it loads, in a folder of dist/joined; what was transpiled of it then loads that. */
async function joinEntry(build, entry, options) {
  const path = relative(join(root, 'src'), entry).replace(/\.ts$/, '.js');
  const name = dirname(path).replaceAll(/[\\/]/g, '-');
  const folder = `${name}-${basename(path, '.js')}`;
  await build({
    ...options,
    entryPoints: [fromRoot(entry)],
    outdir: join(dist, 'joined', folder),
    bundle: true,
    splitting: true,
    packages: 'external',
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    plugins: [fromOriginalPlace],
  });
  const joined = relative(dirname(join('src', path)), join('joined', folder, basename(path))).replaceAll('\\', '/');
  await writeFile(join(dist, 'src', path), `import '${joined}';\n`);
}

/** Builds everything into dist, from nothing. */
export async function buildAll() {
  const { build } = await import('esbuild');
  const startedAt = new Date();
  const sources = listSources();
  await rm(dist, { recursive: true, force: true });
  const options = {
    absWorkingDir: root,
    format: 'esm',
    platform: 'node',
    target: 'node20.9',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
  };
  const code = sources.map(({ path }) => path).filter(isCode);
  await build({ ...options, entryPoints: code.map(fromRoot), outdir: dist, outbase: root });
  const isServers = (path) => /^src[\\/](?!launch|tool|validate)/.test(fromRoot(path));
  await Promise.all(findEntries(code.filter(isServers)).map((entry) => joinEntry(build, entry, options)));
  const [module, script] = shared;
  if (existsSync(join(root, module))) {
    await build({ ...options, sourcemap: false, entryPoints: [module], outfile: join(dist, script) });
  }
  for (const { path } of sources.filter(({ path }) => isAsset(path))) {
    await cp(path, join(dist, fromRoot(path)));
  }
  await writeFile(stamp, '');
  await utimes(stamp, startedAt, startedAt);
}

/** Builds when a source is newer than the last build; answers whether it did. */
export async function buildIfStale() {
  const builtMs = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = listSources();
  if (sources.length === 0 || sources.every(({ changedMs }) => changedMs < builtMs)) return false;
  for (const folder of [root, dist].filter(existsSync)) accessSync(folder, constants.W_OK);
  if (process.stderr.isTTY) process.stderr.write('Building from the sources, which takes a few seconds ...\n');
  await buildAll();
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildAll();
