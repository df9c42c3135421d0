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
