/** What an option or an operand takes, as far as a shell can help to type it. */
export type Takes =
  | { readonly kind: 'nothing' | 'text' | 'file' | 'folder' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Names that the program itself lists while one types. */
  | { readonly kind: 'names'; readonly of: NameKind };

/** Things whose names a program lists: `launch completion servers`, `slipway completion models`. */
export type NameKind = 'models' | 'servers' | 'services' | 'service-counts' | 'locations';

/** Words between the brackets of a definition that stand for paths of this machine. */
const paths: Readonly<Record<string, 'file' | 'folder'>> = {
  file: 'file',
  path: 'file',
  dockerfile: 'file',
  device: 'file',
  place: 'file',
  mount: 'file',
  volume: 'file',
  models: 'file',
  files: 'file',
  dir: 'folder',
  folder: 'folder',
};

const names: Readonly<Record<string, NameKind>> = {
  model: 'models',
  server: 'servers',
  service: 'services',
  'service=n': 'service-counts',
  location: 'locations',
};

/** What the word between an option's or operand's brackets (`file` of `--ca <file>`) and the values that it names say. */
export function takenBy(word: string, choices: readonly string[] | undefined): Takes {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (word.includes('|')) return { kind: 'words', words: word.split('|') };
  const of = names[word];
  return of === undefined ? { kind: paths[word] ?? 'text' } : { kind: 'names', of };
}
