import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** One import line of a source file. `target` is a path below the root for our own files, else the specifier. */
export interface ImportLine {
  readonly from: string;
  readonly target: string;
  readonly isOwn: boolean;
  /** Whether it is loaded with the file: neither for its types alone, nor by `import()`. */
  readonly isEager: boolean;
}

/** A file's text and what it imports, type-only imports, re-exports and dynamic imports included. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly ImportLine[];
}

const specifiers =
  /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;

/** Reads every .ts file below the rooms named, with its imports. Paths use `/` and end in .ts. */
export async function readSources(root: string, rooms: readonly string[]): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const room of rooms) {
    for (const name of await readdir(join(root, room), { recursive: true }).catch(() => [])) {
      if (!name.endsWith('.ts')) continue;
      const path = `${room}/${name}`;
      const text = await readFile(join(root, path), 'utf8');
      files.push({ path, text, imports: parseImports(path, text) });
    }
  }
  return files;
}

/** Import lines of one file. */
export function parseImports(path: string, text: string): readonly ImportLine[] {
  return [...text.matchAll(specifiers)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const isOwn = specifier.startsWith('.');
    const target = isOwn ? normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts') : specifier;
    const isEager = match[3] === undefined && !/^\s*(?:import|export)\s+type\s/.test(match[0]);
    return { from: path, target, isOwn, isEager };
  });
}

/** Everything of our own that is loaded with a file, itself included. */
export function loadedWith(files: readonly SourceFile[], entry: string): ReadonlySet<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { target, isOwn, isEager } of byPath.get(path)?.imports ?? []) if (isOwn && isEager) visit(target);
  };
  visit(entry);
  return loaded;
}

/** The first import cycle among the files, as the list of paths along it, or undefined. */
export function findCycle(files: readonly SourceFile[]): readonly string[] | undefined {
  const edges = new Map(files.map(({ path, imports }) => [path, imports.filter((i) => i.isOwn).map((i) => i.target)]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of edges.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of edges.keys()) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
