// Leaves in node_modules only what the server loads. Usage: node prune.js APP_FOLDER, where dist/src and node_modules are.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Rooms of dist/src that run on the user's machine, not in an image; of the launcher stays how it writes, for `slipway predict`. */
const otherRooms = ['validate', 'manual'];

/** Files that no server reads: types, source maps, texts for developers. Licences stay. */
const idle =
  /\.(?:map|d\.[cm]?ts|ts|tsbuildinfo|markdown)$|(?:^|\/)(?:readme|changelog|history|contributing)[^/]*\.md$/i;

/** Folders of packages that no server reads: tests and texts, and OpenTelemetry's builds for bundlers. */
const idleFolders =
  /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/(?:tests?|examples?|docs|bench(?:mark)?s?|\.github)\/|\/@opentelemetry\/[^/]+\/build\/(?:esm|esnext)\//;

const read = (path) => readFile(path, 'utf8');
const readJson = async (path) => JSON.parse(await read(path));

/**
 * Which of `known` the compiled files under a folder load ('name', 'name/inside'), and of which they only read files
 * (nothing but 'name/package.json', to find the folder).
 */
export async function findRoots(folder, known) {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.js'));
  const text = (await Promise.all(files.map((file) => read(join(folder, file))))).join('\n');
  const mentions = (name, inside) => new RegExp(`["'\`]${name}${inside}["'\`]`).test(text);
  const loaded = known.filter((name) => mentions(name, '(?:/(?!package\\.json)[^"\'`]*)?'));
  const filesOnly = known.filter((name) => !loaded.includes(name) && mentions(name, '/package\\.json'));
  return { loaded, filesOnly };
}

/** Folders of the packages that `roots` need, themselves included, resolved as Node does from each package's own folder. */
export async function findClosure(modules, roots) {
  const found = new Set();
  const visit = async (name, from) => {
    const folder = await resolvePackage(name, from);
    if (folder === undefined || found.has(folder)) return;
    found.add(folder);
    const { dependencies, optionalDependencies } = await readJson(join(folder, 'package.json'));
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) await visit(next, folder);
  };
  const resolvePackage = async (name, from) => {
    for (let at = from; ; at = join(at, '..')) {
      const folder = join(at, 'node_modules', name);
      if (await readJson(join(folder, 'package.json')).catch(() => undefined)) return folder;
      if (join(at, 'node_modules') === modules) return undefined;
    }
  };
  for (const root of roots) await visit(root, join(modules, '..'));
  return found;
}

/** Removes every package outside `kept`, and from the kept ones the files that no server reads. */
async function sweep(modules, kept) {
  for (const entry of await readdir(modules, { withFileTypes: true })) {
    const path = join(modules, entry.name);
    if (entry.name.startsWith('@')) await sweep(path, kept);
    else if (
      entry.name.startsWith('.') ||
      ![...kept].some((folder) => folder === path || folder.startsWith(`${path}/`))
    ) {
      await rm(path, { recursive: true });
    }
  }
}

async function trim(modules) {
  const files = (await readdir(modules, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  for (const path of paths.filter((path) => idle.test(path) || idleFolders.test(path))) await rm(path);
}

/** Prunes an application's folder; answers what was kept, in a sentence. */
export async function prune(app) {
  const [modules, sources] = [join(app, 'node_modules'), join(app, 'dist', 'src')];
  const launcher = (await readdir(join(sources, 'launch'))).filter((name) => name !== 'text');
  for (const room of [...otherRooms, ...launcher.map((name) => join('launch', name))])
    await rm(join(sources, room), { recursive: true, force: true });
  const { dependencies } = await readJson(join(app, 'package.json'));
  const roots = await findRoots(join(app, 'dist'), Object.keys(dependencies));
  const kept = await findClosure(modules, roots.loaded);
  for (const name of roots.filesOnly) kept.add(join(modules, name));
  await sweep(modules, kept);
  await trim(modules);
  await trim(join(app, 'dist'));
  return `kept ${kept.size} packages for ${[...roots.loaded, ...roots.filesOnly].join(', ')}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(await prune(process.argv[2] ?? '.'));
