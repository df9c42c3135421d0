import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { forEachNamed } from '../../fleet/each.js';
import { findServers, openFleet } from '../../fleet/fleet.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface RmOptions {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly volumes?: boolean;
}

/** `launch rm <name...>`: takes ended servers away. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('rm'))
    .description('remove ended servers')
    .argument('<server...>', 'names or ids')
    .option('-f, --force', 'stop running servers first')
    .option('-v, --volumes', 'also their unnamed volumes')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: RmOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const servers = await findServers(fleet, names, { all: options.all === true, soleByDefault: false });
      const how = { force: options.force === true, volumes: options.volumes === true };
      await forEachNamed(servers, context, { action: (server) => server.remove(how), json: wantsJson(command) });
    });
}
