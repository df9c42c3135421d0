import type { Command } from 'commander';
import { describeMember, type MemberFacts } from '../everyday/describe.js';
import { isUp, listMembers, openFleet } from '../everyday/fleet.js';
import { formatDuration, formatPorts } from '../everyday/format.js';
import type { LaunchContext } from '../context.js';
import { formatTable } from '../table.js';
import { addEngineOptions, wantsJson } from './engine-options.js';

interface PsOptions {
  readonly all?: boolean;
  readonly running?: boolean;
  readonly quiet?: boolean;
}

/** `launch ps`: what was started, running or ended. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('ps'))
    .description('list servers: containers and native ones')
    .option('-a, --all', "also the engine's other containers")
    .option('-r, --running', 'only those that run')
    .option('-q, --quiet', 'names only')
    .action(async (options: PsOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const { members, engineFault } = await listMembers(fleet, { all: options.all === true });
      const shown = options.running === true ? members.filter(isUp) : members;
      const upSince = await readUpSince(shown.map(describeMember), async (id) => {
        return (await fleet.docker.containers.inspect(id)).state.startedAt;
      });
      if (wantsJson(command)) context.console.json(upSince);
      else if (options.quiet === true) for (const { name } of shown) context.console.result(name);
      else printTable(upSince, context);
      if (engineFault !== undefined && !wantsJson(command)) context.console.note(engineFault.message);
    });
}

/** Adds since when each running container runs; one that went meanwhile stays without. */
async function readUpSince(
  facts: readonly MemberFacts[],
  startedAt: (id: string) => Promise<string>,
): Promise<readonly MemberFacts[]> {
  return Promise.all(
    facts.map(async (fact) => {
      if (fact.kind === 'native' || fact.state !== 'running') return fact;
      const upSinceMs = Date.parse(await startedAt(fact.id).catch(() => ''));
      return Number.isNaN(upSinceMs) ? fact : { ...fact, upSinceMs };
    }),
  );
}

function printTable(facts: readonly MemberFacts[], context: LaunchContext): void {
  if (facts.length === 0) {
    context.console.note('Nothing was started yet. Start a server with: launch up');
    return;
  }
  const rows = facts.map((fact) => [
    fact.name,
    fact.variant,
    fact.device,
    paintState(fact, context),
    formatPorts(fact.ports),
    fact.upSinceMs === undefined ? '-' : formatDuration(context.now() - fact.upSinceMs),
  ]);
  context.console.result(formatTable(['NAME', 'VARIANT', 'DEVICE', 'STATE', 'PORTS', 'UP'], rows));
}

function paintState({ state, health, exitCode }: MemberFacts, { console }: LaunchContext): string {
  if (state === 'running') return console.paint(health === 'unhealthy' ? 'yellow' : 'green', health ?? state);
  if (exitCode === undefined) return console.paint('dim', state);
  return console.paint(exitCode === 0 ? 'dim' : 'red', `${state} (${exitCode})`);
}
