import { flatten, wordOf, type CommandDefinition } from '../definition.js';
import type { Takes } from '../takes.js';

/** One branch of a script's `case`: what is looked for, each a literal text, and what follows from it. */
export interface Branch {
  readonly keys: readonly string[];
  readonly then: string;
}

/** `PATH WORD` of each command below another, aliases included, to its own path. */
export function descents(program: CommandDefinition): readonly Branch[] {
  return flatten(program).flatMap((parent) =>
    parent.commands.map((command) => ({
      keys: [wordOf(command), ...command.aliases].map((word) => `${parent.path} ${word}`),
      then: command.path,
    })),
  );
}

/** `PATH OPTION` of each option that takes a value, to what it takes. */
export function optionValues(program: CommandDefinition): readonly Branch[] {
  return joinBranches(
    flatten(program).flatMap(({ path, options }) =>
      options
        .filter(({ value }) => value !== undefined)
        .map((option) => ({ keys: option.names.map((name) => `${path} ${name}`), then: takesWord(option.takes) })),
    ),
  );
}

/** `PATH:N` of each operand, to what it takes; `PATH:*` where it may be repeated. */
export function operandValues(program: CommandDefinition): readonly Branch[] {
  return joinBranches(
    flatten(program).flatMap(({ path, operands }) =>
      operands.map(({ takes, isRepeated }, index) => ({
        keys: [`${path}:${isRepeated ? '*' : index}`],
        then: takesWord(takes),
      })),
    ),
  );
}

/** The names of a command's options, each with its description; the parser's own help among them. */
export function optionNames({ options }: CommandDefinition): readonly (readonly [name: string, text: string])[] {
  const own = options.flatMap(({ names, description }) => names.map((name) => [name, description] as const));
  return [...own, ['--help', 'print the flags']];
}

/** `words:auto cpu`, `names:servers`, `file`: what the scripts' last step takes apart. */
function takesWord(takes: Takes): string {
  if (takes.kind === 'words') return `words:${takes.words.join(' ')}`;
  return takes.kind === 'names' ? `names:${takes.of}` : takes.kind;
}

/** Branches that lead to the same, as one; those that lead to nothing that a shell could offer stay, as values to be passed over. */
function joinBranches(branches: readonly Branch[]): readonly Branch[] {
  const joined = new Map<string, string[]>();
  for (const { keys, then } of branches) joined.set(then, [...(joined.get(then) ?? []), ...keys]);
  return [...joined].map(([then, keys]) => ({ keys: [...new Set(keys)], then }));
}
