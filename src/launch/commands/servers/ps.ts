import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { listServers, noneRunning, openFleet } from '../../fleet/fleet.js';
import type { ServerFacts } from '../../fleet/server.js';
import { formatDuration, formatPorts } from '../../cli/format.js';
import { formatTable } from '../../text/table.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface PsOptions {
  readonly all?: boolean;
  readonly foreign?: boolean;
  readonly quiet?: boolean;
}

/** `launch ps`: what runs; with --all what ended too. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('ps'))
    .description('list running servers: containers, services with their replicas, native servers')
    .option('-a, --all', 'also ended servers')
    .option('--foreign', "also the engine's other containers")
    .option('-q, --quiet', 'names only')
    .action(async (options: PsOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const { servers, engineFault } = await listServers(fleet, { all: options.foreign === true });
      const shown = servers.filter(({ isUp }) => options.all === true || isUp);
      const json = wantsJson(command);
      if (options.quiet === true && !json) for (const { name } of shown) context.console.result(name);
      else {
        const facts = await Promise.all(shown.map((server) => server.measure()));
        if (json) context.console.json(facts);
        else if (facts.length > 0) context.console.result(tableOf(facts, context));
        else context.console.note(explainNone(servers.length));
      }
      if (engineFault !== undefined && !json) context.console.note(engineFault.message);
    });
}

function explainNone(endedCount: number): string {
  if (endedCount === 0) return noneRunning;
  return `No server is running; ${endedCount} ended: launch ps -a. Start a server with: launch up`;
}

function tableOf(facts: readonly ServerFacts[], context: LaunchContext): string {
  const since = (ms: number | undefined): string => (ms === undefined ? '-' : formatDuration(context.now() - ms));
  const rows = facts.flatMap((fact) => [
    [
      fact.name,
      fact.variant,
      fact.isMeasured || fact.device === '?' ? fact.device : `asked: ${fact.device}`,
      paintState(fact, context),
      formatPorts(fact.ports),
      since(fact.upSinceMs),
    ],
    ...(fact.replicas ?? []).map(({ name, node, state, ports, sinceMs }) => [
      `  ${name}`,
      '',
      '',
      `${paintReplica(state, context)} on ${node}`,
      formatPorts(ports),
      since(sinceMs),
    ]),
  ]);
  return formatTable(['NAME', 'VARIANT', 'DEVICE', 'STATE', 'PORTS', 'UP'], rows);
}

function paintReplica(state: string, { console }: LaunchContext): string {
  return console.paint(state === 'running' ? 'green' : 'yellow', state);
}

function paintState({ state, health, exitCode, isOutOfMemory }: ServerFacts, { console }: LaunchContext): string {
  if (state === 'running') return console.paint(health === 'unhealthy' ? 'yellow' : 'green', health ?? state);
  if (exitCode === undefined) return console.paint('dim', state);
  return console.paint(
    exitCode === 0 ? 'dim' : 'red',
    `${state} (${exitCode}${isOutOfMemory === true ? ', out of memory' : ''})`,
  );
}
