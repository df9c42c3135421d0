import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { permitterOf } from '../../fleet/permit.js';
import { forEachNamed } from '../../fleet/each.js';
import { findServers, openFleet } from '../../fleet/fleet.js';
import { parseCount } from '../../request/flags/sizes.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface StopOptions {
  readonly all?: boolean;
  readonly time?: string;
}

/** `launch stop [name...]`: drains and ends. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('stop'))
    .description('drain and stop a server')
    .argument('[server...]', 'names or ids; the only running one unless given')
    .option('-t, --time <seconds>', 'seconds until it is killed (10)')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: StopOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const servers = await findServers(fleet, names, {
        all: options.all === true,
        soleByDefault: true,
        permitForeign: permitterOf(context, 'stop', wantsJson(command)),
      });
      const graceSeconds = options.time === undefined ? undefined : parseCount('--time', options.time);
      await forEachNamed(servers, context, {
        action: (server) => server.stop({ graceSeconds }),
        json: wantsJson(command),
      });
    });
}
