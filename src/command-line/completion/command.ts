import { Argument, type Command } from 'commander';
import { AppError } from '../../errors.js';
import type { CommandDefinition } from '../definition.js';
import { completionScript, completionShells } from './completion.js';

/** What a program gives to its command `completion`. */
export interface CompletionSource {
  define(): CommandDefinition | Promise<CommandDefinition>;
  /** Names of one kind that the words of a line could mean; undefined for a kind that the program does not list. */
  list(kind: string, words: readonly string[]): Promise<readonly string[]> | undefined;
  print(text: string): void;
}

/** A shell stands still until it has the names: who does not give them in this time is passed over. */
const longestMs = 5000;

/** `PROGRAM completion bash|zsh|fish` prints the script, and `PROGRAM completion KIND -- WORDS` what the script asks for while one types. */
export function registerCompletion(program: Command, source: CompletionSource): void {
  const operand = new Argument('<shell>', completionShells.join(', '));
  operand.argChoices = [...completionShells];
  program
    .command('completion')
    .description('print the completion script for bash, zsh or fish')
    .addArgument(operand)
    .allowExcessArguments()
    .action(async (asked: string, _options: object, { args: [, ...words] }: Command) => {
      const shell = completionShells.find((name) => name === asked);
      if (shell !== undefined) {
        source.print(completionScript(shell, await source.define()));
        return;
      }
      const listed = source.list(asked, words);
      if (listed === undefined) {
        const text = `There is no completion for ${asked}. Type ${program.name()} completion ${completionShells.join('|')}`;
        throw new AppError('USAGE', text);
      }
      const names = [...new Set(await inTime(listed, asked))];
      if (names.length > 0) source.print(names.join('\n'));
    });
}

function inTime<T>(answer: Promise<T>, kind: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new AppError('STEP_TIMEOUT', `The names of ${kind} were not there within ${longestMs / 1000} s.`));
    }, longestMs);
    void answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
