import { editDistance, nearest } from '../../command-line/suggestion.js';

/** Words of docker that are no commands here, as their users type them on: the rest of docker's own line where none is given. */
const dockerWords: Readonly<Record<string, { readonly example: string; readonly here?: string }>> = {
  attach: { example: 'NAME', here: 'launch logs -f NAME' },
  commit: { example: 'NAME IMAGE' },
  cp: { example: 'NAME:/srv/FILE .', here: 'a mounted folder is shared with the server already' },
  create: { example: '', here: 'launch up -d starts it too; launch up --dry-run prints the whole docker run line' },
  diff: { example: 'NAME' },
  info: { example: '', here: 'launch doctor' },
  load: { example: '-i FILE.tar' },
  login: { example: 'REGISTRY', here: 'launch push and pull use what docker login stored' },
  logout: { example: 'REGISTRY' },
  pause: { example: 'NAME' },
  rename: { example: 'NAME NEW_NAME' },
  save: { example: '-o FILE.tar IMAGE' },
  search: { example: 'WORD' },
  system: { example: 'df' },
  top: { example: 'NAME', here: 'launch stats NAME' },
  unpause: { example: 'NAME' },
  update: { example: '--memory 2g NAME' },
  volume: { example: 'ls' },
  wait: { example: 'NAME' },
};

/** What to type for a word of docker that launch does not have: docker's own line, and what comes near it here. */
export function dockerAnswer(word: string, rest: readonly string[]): string | undefined {
  if (!Object.hasOwn(dockerWords, word)) return undefined;
  const { example = '', here } = dockerWords[word] ?? {};
  const { engine, others } = splitEngine(rest);
  const line = ['docker', ...engine, word, ...(others.length > 0 ? others : [example])].join(' ').trim();
  return `launch has no ${word}.\n  type: ${line}${here === undefined ? '' : `\n  here: ${here}`}`;
}

/** docker takes the flags that name an engine before its word, launch after it too. */
function splitEngine(words: readonly string[]): {
  readonly engine: readonly string[];
  readonly others: readonly string[];
} {
  const at = words.findIndex((word) => /^(--context|-H|--host)(=|$)/.test(word));
  if (at < 0) return { engine: [], others: words };
  const end = words[at]?.includes('=') === true ? at + 1 : at + 2;
  return { engine: words.slice(at, end), others: [...words.slice(0, at), ...words.slice(end)] };
}

/** Commands that end or delete something. */
const destructive = ['kill', 'prune', 'rm', 'rmi', 'stop', 'restart'];

/** One slip of the keyboard in a word: a letter left out, doubled or swapped with its neighbour, none that is not in it. */
function isSlip(word: string, name: string): boolean {
  const hasItsStart = word.charAt(0) === name.charAt(0) || word.length === name.length;
  return word.length > 1 && hasItsStart && !new RegExp(`[^${name}]`).test(word) && editDistance(word, name) <= 1;
}

/** The command nearest to a mistyped word; one that ends or deletes something only for a slip in that very word. */
export function nearestCommand(word: string, names: readonly string[]): string | undefined {
  return nearest(
    word,
    names.filter((name) => !destructive.includes(name) || isSlip(word, name)),
  );
}
