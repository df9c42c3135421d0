import type { Command } from 'commander';
import { AppError } from '../../../errors.js';
import { completionScript, completionShells, readCommands } from '../../cli/completion.js';
import type { LaunchContext } from '../../context.js';

/** `launch completion bash|zsh|fish`: prints the script. */
export function register(program: Command, context: LaunchContext): void {
  program
    .command('completion <shell>')
    .description('print the completion script for bash, zsh or fish')
    .action((name: string) => {
      const shell = completionShells.find((known) => known === name);
      if (shell === undefined) {
        throw new AppError(
          'USAGE',
          `There is no completion for ${name}. Type launch completion ${completionShells.join('|')}`,
        );
      }
      context.console.result(completionScript(shell, readCommands(program)));
    });
}
