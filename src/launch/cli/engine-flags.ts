import type { Command } from 'commander';
import { omitUndefined } from '../../omit-undefined.js';
import type { EngineAddress } from '../context.js';

interface EngineOptionValues {
  readonly context?: string;
  readonly host?: string;
  readonly json?: boolean;
}

/** Adds --context, -H and --json, which every command that talks to an engine takes. */
export function addEngineOptions(command: Command): Command {
  return command
    .option('--context <name>', 'docker context of the engine')
    .option('-H, --host <url>', 'engine address: unix://, tcp://, ssh:// or npipe://')
    .option('--json', 'print the result as JSON');
}

/** The engine's address as given before or after the command's name. */
export function engineAddressOf(command: Command): EngineAddress {
  const { context, host } = command.optsWithGlobals<EngineOptionValues>();
  return omitUndefined({ context, host });
}

/** Whether --json was given before or after the command's name. */
export function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<EngineOptionValues>().json === true;
}
