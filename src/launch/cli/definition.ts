import type { Command } from 'commander';
import { defineCommand, type CommandDefinition } from '../../command-line/definition.js';

/** The launcher's commands as pages and shells see them: without a command's name the flags are those of `up`. */
export function defineLaunch(program: Command): CommandDefinition {
  const whole = defineCommand(program);
  const up = whole.commands.find(({ path }) => path === 'launch up');
  return { ...whole, options: up?.options ?? whole.options };
}
