import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { findServers, openFleet } from '../../fleet/fleet.js';
import type { ServerDetails } from '../../fleet/server.js';
import { formatDuration, formatPorts, shortId } from '../../cli/format.js';
import { formatTable } from '../../text/table.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

/** `launch inspect [name...]`: everything about one server; with --json the engine's own answer. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('inspect'))
    .description('show everything about a server')
    .argument('[server...]', 'names or ids; the only running one unless given')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: { readonly all?: boolean }, command: Command) => {
      const fleet = await openFleet(command, context);
      const servers = await findServers(fleet, names, { all: options.all === true, soleByDefault: true });
      const details = await Promise.all(servers.map((server) => server.inspect()));
      if (wantsJson(command)) context.console.json(details.map(({ raw }) => raw));
      else context.console.result(details.map((one) => describe(one, context)).join('\n\n'));
    });
}

function describe(details: ServerDetails, context: LaunchContext): string {
  const { upSinceMs, exitCode } = details;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['name', details.name],
    [details.idName, shortId(details.id)],
    ['variant', details.variant],
    ['device', details.device],
    ['image', details.image],
    ['state', [details.state, details.health].filter((word) => word !== undefined).join(', ')],
    ['up', upSinceMs === undefined ? undefined : formatDuration(context.now() - upSinceMs)],
    [
      'exit code',
      exitCode === undefined ? undefined : `${exitCode}${details.isOutOfMemory === true ? ' (out of memory)' : ''}`,
    ],
    ['error', details.error],
    ['restarts', String(details.restarts ?? 0)],
    ['ports', formatPorts(details.ports)],
    ['address', details.addresses],
    ['last check', details.lastCheck],
    ['command line', details.commandLine],
  ];
  const shown = rows.flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, value]]));
  return formatTable(shown[0] ?? [], shown.slice(1));
}
