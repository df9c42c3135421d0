import type { Command } from 'commander';
import { constants } from 'node:os';
import { NotedOption } from '../../../command-line/noted-option.js';
import { AppError } from '../../../errors.js';
import type { LaunchContext } from '../../context.js';
import { forEachNamed } from '../../fleet/each.js';
import { findServers, openFleet } from '../../fleet/fleet.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface KillOptions {
  readonly all?: boolean;
  readonly signal: string;
}

const usualSignals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGSTOP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2'];

/** `launch kill <name...>`: a signal, at once. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('kill'))
    .description('send a signal (SIGKILL by default)')
    .argument('<server...>', 'names or ids')
    .addOption(new NotedOption('-s, --signal <signal>', 'name or number', { words: usualSignals }).default('SIGKILL'))
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: KillOptions, command: Command) => {
      const signal = parseSignal(options.signal);
      const fleet = await openFleet(command, context);
      const servers = await findServers(fleet, names, { all: options.all === true, soleByDefault: false });
      await forEachNamed(servers, context, { action: (server) => server.kill(signal), json: wantsJson(command) });
    });
}

/** A signal by name, with or without SIG, or by number. Throws USAGE. */
export function parseSignal(text: string): NodeJS.Signals {
  const names = Object.entries(constants.signals);
  const wanted = text.toUpperCase().replace(/^(?!SIG)/, 'SIG');
  const found = names.find(([name, number]) => name === wanted || String(number) === text);
  if (found !== undefined) return found[0] as NodeJS.Signals;
  throw new AppError('USAGE', `--signal is "${text}". Expected a signal such as SIGTERM, HUP or 9.`);
}
