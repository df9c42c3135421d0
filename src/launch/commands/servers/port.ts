import type { Command } from 'commander';
import { bracket } from '../../../protocol/authority.js';
import type { LaunchContext } from '../../context.js';
import { findServer, openFleet } from '../../fleet/fleet.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

/** `launch port [name]`: where a server's ports are published. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('port'))
    .description("show where a server's ports are published")
    .argument('[server]', 'name or id; the only running one unless given')
    .option('-a, --all', "also the engine's other containers")
    .action(async (name: string | undefined, options: { readonly all?: boolean }, command: Command) => {
      const fleet = await openFleet(command, context);
      const server = await findServer(fleet, name, { all: options.all === true, soleByDefault: true });
      const { ports } = server.facts;
      if (wantsJson(command)) {
        context.console.json(ports);
        return;
      }
      for (const { containerPort, protocol, hostIp = '', hostPort } of ports) {
        if (hostPort === undefined) continue;
        context.console.result(`${containerPort}/${protocol} -> ${bracket(hostIp)}:${hostPort}`);
      }
    });
}
