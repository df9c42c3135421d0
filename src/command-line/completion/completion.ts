import type { CommandDefinition } from '../definition.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

/** Shells for which a script can be written. */
export const completionShells = ['bash', 'zsh', 'fish'] as const;
/** A shell that completion scripts are written for. */
export type CompletionShell = (typeof completionShells)[number];

/** The script by which a shell completes a program's lines; names it asks of the program itself (`PROGRAM completion servers -- WORDS`). */
export function completionScript(shell: CompletionShell, program: CommandDefinition): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](program);
}

/** What was given to an option on a line that is being typed: `--url X`, `--url=X` or `-H X`. */
export function valueIn(words: readonly string[], names: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    if (names.includes(word)) return words[index + 1];
    const name = names.find((each) => word.startsWith(`${each}=`));
    if (name !== undefined) return word.slice(name.length + 1);
  }
  return undefined;
}
