import type { Command } from 'commander';
import { defineCommand, type CommandDefinition } from '../command-line/definition.js';
import { defineServing } from '../server/settings/definition.js';

/** All of `slipway`: serving with its commands, and the commands of this program. */
export function defineSlipway(program: Command): CommandDefinition {
  const serving = defineServing();
  return { ...serving, commands: [...defineCommand(program).commands, ...serving.commands] };
}
