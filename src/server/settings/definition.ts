import { defineCommand, type CommandDefinition } from '../../command-line/definition.js';
import { describeServing } from './args.js';
import { describeModelCommand } from './model-commands.js';

/** What the server's own program reads: serving, and below it `inspect` and `init`. */
export function defineServing(): CommandDefinition {
  const unheard = (): void => undefined;
  const commands = (['inspect', 'init'] as const).map((kind) => defineCommand(describeModelCommand(kind, unheard)));
  return { ...defineCommand(describeServing('', unheard)), commands };
}
