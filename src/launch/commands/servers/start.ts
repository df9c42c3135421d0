import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { permitterOf } from '../../fleet/permit.js';
import { forEachNamed } from '../../fleet/each.js';
import { findServers, openFleet } from '../../fleet/fleet.js';
import type { Server } from '../../fleet/server.js';
import { parseCount } from '../../request/flags/sizes.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface RestartOptions {
  readonly all?: boolean;
  readonly time?: string;
}

/** `launch start <name...>` and `launch restart [name...]`: what ended runs again, as it was made. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('start'))
    .description('start an ended server again, with the same options')
    .argument('<server...>', 'names or ids')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: RestartOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const servers = await findServers(fleet, names, { all: options.all === true, soleByDefault: false });
      // What runs is left alone.
      const start = async (server: Server): Promise<void> => (server.isUp ? undefined : server.start());
      await forEachNamed(servers, context, { action: start, json: wantsJson(command) });
    });
  addEngineOptions(program.command('restart'))
    .description('drain and restart a server')
    .argument('[server...]', 'names or ids; the only running one unless given')
    .option('-t, --time <seconds>', 'seconds until it is killed (10)')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: RestartOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const json = wantsJson(command);
      const servers = await findServers(fleet, names, {
        all: options.all === true,
        soleByDefault: true,
        permitForeign: permitterOf(context, 'restart', json),
      });
      const graceSeconds = options.time === undefined ? undefined : parseCount('--time', options.time);
      await forEachNamed(servers, context, { action: (server) => server.restart({ graceSeconds }), json });
    });
}
