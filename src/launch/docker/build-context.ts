import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pack, type Headers } from 'tar-fs';

/** Decides which paths of a build context stay behind. */
export interface IgnoreRules {
  /** Whether a path, relative to the context and with `/`, is excluded. */
  excludes(path: string): boolean;
  /** Whether some rule takes paths back in: then an excluded folder must still be searched. */
  readonly hasExceptions: boolean;
}

/**
 * Reads a .dockerignore: a pattern a line, `#` comments, `!` exceptions, the last rule that matches a path or a parent
 * of it wins; `*` and `?` stop at `/`, `**` does not (Dockerfile reference, ".dockerignore file").
 */
export function parseDockerignore(text: string): IgnoreRules {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '!')
    .map((line) => {
      const isException = line.startsWith('!');
      return { isException, pattern: toPattern(clean(isException ? line.slice(1).trim() : line)) };
    });
  return {
    excludes: (path) => {
      const candidates = withParents(path);
      return rules.reduce(
        (excluded, { isException, pattern }) =>
          candidates.some((candidate) => pattern.test(candidate)) ? !isException : excluded,
        false,
      );
    },
    hasExceptions: rules.some(({ isException }) => isException),
  };
}

/** `a/b/c` with `a/b` and `a`. */
function withParents(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

/** The pattern without a leading `/`, without `.` parts and doubled slashes, its `..` parts resolved. */
function clean(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** A pattern of Go's filepath.Match, with `**`, as a regular expression over a whole path. */
function toPattern(pattern: string): RegExp {
  const tokens = pattern.matchAll(/\*\*\/|\*\*|\*|\?|\[\^?[^\]]*\]|\\.|[^]/g);
  const source = [...tokens].map(([token]) => toSource(token)).join('');
  return new RegExp(`^${source}$`);
}

function toSource(token: string): string {
  if (token === '**/') return '(?:.*/)?';
  if (token === '**') return '.*';
  if (token === '*') return '[^/]*';
  if (token === '?') return '[^/]';
  if (token.startsWith('[') && token.length > 1) return token;
  return token.replace(/^\\(.)$/, '$1').replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/**
 * A Dockerfile without what Podman's builder refuses and no image needs: `COPY --link`, which only spares the building of
 * layers, and the start interval of a health check.
 */
export function toBuildah(dockerfile: string): string {
  const flag = /^(\s*(?:COPY|ADD|HEALTHCHECK)\s+(?:--\S+\s+)*)--(?:link(?:=\w+)?|start-interval=\S+)\s+/gim;
  return dockerfile.replace(flag, '$1');
}

/** How a context goes to a builder. */
interface Packing {
  /** Whether the builder is Podman's. */
  readonly isBuildah: boolean;
}

/** A build context as a tar, without what the Dockerfile's own ignore file, else .dockerignore, leaves out. */
export async function packContext(folder: string, dockerfile: string, { isBuildah }: Packing): Promise<Readable> {
  const read = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);
  const text = (await read(`${dockerfile}.dockerignore`)) ?? (await read(join(folder, '.dockerignore'))) ?? '';
  const entries = await listContext(folder, parseDockerignore(text));
  const own = relative(folder, dockerfile).split(sep).join('/');
  const options = {
    // Every entry is named: what a folder holds comes by its own name or not at all.
    ignore: () => true,
    map: (header: Headers) => ({ ...header, uid: 0, gid: 0 }),
  };
  if (!isBuildah) return pack(folder, { ...options, entries: [...new Set([...entries, own])].sort() });
  const rewritten = toBuildah(await readFile(dockerfile, 'utf8'));
  return pack(folder, {
    ...options,
    entries: entries.filter((path) => path !== own).sort(),
    finalize: false,
    finish: (archive) => {
      archive.entry({ name: own }, rewritten);
      archive.finalize();
    },
  });
}

/** Paths of a context that go to the builder, relative to it and with `/`, folders among them. */
export async function listContext(folder: string, rules: IgnoreRules): Promise<readonly string[]> {
  const found: string[] = [];
  const visit = async (at: string): Promise<void> => {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      const isExcluded = rules.excludes(path);
      if (!isExcluded) found.push(path);
      if (entry.isDirectory() && (!isExcluded || rules.hasExceptions)) await visit(path);
    }
  };
  await visit('');
  return found;
}
