import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { describeMember, type MemberFacts } from '../../fleet/describe.js';
import { isUp, listMembers, openFleet, type Fleet, type Member } from '../../fleet/fleet.js';
import { formatDuration, formatPorts } from '../../cli/format.js';
import { readDevices } from '../../fleet/measured.js';
import { killedExitCode } from '../../failures/out-of-memory.js';
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
    .description('list the servers that run: containers and native ones')
    .option('-a, --all', 'those that ended too')
    .option('--foreign', "also the engine's other containers")
    .option('-q, --quiet', 'names only')
    .action(async (options: PsOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const { members, engineFault } = await listMembers(fleet, { all: options.foreign === true });
      const shown = options.all === true ? members : members.filter(isUp);
      const json = wantsJson(command);
      if (options.quiet === true && !json) for (const { name } of shown) context.console.result(name);
      else {
        const facts = await Promise.all(shown.map((member) => readFacts(fleet, member)));
        if (json) context.console.json(facts);
        else if (facts.length > 0) context.console.result(tableOf(facts, context));
        else context.console.note(explainNone(members.length));
      }
      if (engineFault !== undefined && !json) context.console.note(engineFault.message);
    });
}

/** What runs is asked since when, and where it computes; what went meanwhile, or does not answer, stays without. */
async function readFacts({ docker }: Fleet, member: Member): Promise<MemberFacts> {
  const facts = describeMember(member);
  const wasKilled = facts.exitCode === killedExitCode;
  if (facts.state !== 'running' && !wasKilled) return facts;
  const details =
    member.kind === 'container' ? await docker.containers.inspect(member.id).catch(() => undefined) : undefined;
  if (wasKilled) return { ...facts, isOutOfMemory: details?.state.oomKilled === true };
  const devices = await readDevices(member, { details, remoteHost: docker.endpoint.remoteHost });
  const upSinceMs = facts.upSinceMs ?? Date.parse(details?.state.startedAt ?? '');
  return {
    ...facts,
    ...(Number.isNaN(upSinceMs) ? {} : { upSinceMs }),
    ...(devices.length === 0 ? {} : { device: devices.join(', '), isMeasured: true }),
  };
}

function explainNone(endedCount: number): string {
  const start = 'Start a server with: launch up';
  return endedCount === 0 ? `Nothing runs. ${start}` : `Nothing runs; ${endedCount} ended: launch ps -a. ${start}`;
}

function tableOf(facts: readonly MemberFacts[], context: LaunchContext): string {
  const rows = facts.map((fact) => [
    fact.name,
    fact.variant,
    fact.isMeasured || fact.device === '?' ? fact.device : `asked: ${fact.device}`,
    paintState(fact, context),
    formatPorts(fact.ports),
    fact.upSinceMs === undefined ? '-' : formatDuration(context.now() - fact.upSinceMs),
  ]);
  return formatTable(['NAME', 'VARIANT', 'DEVICE', 'STATE', 'PORTS', 'UP'], rows);
}

function paintState({ state, health, exitCode, isOutOfMemory }: MemberFacts, { console }: LaunchContext): string {
  if (state === 'running') return console.paint(health === 'unhealthy' ? 'yellow' : 'green', health ?? state);
  if (exitCode === undefined) return console.paint('dim', state);
  return console.paint(
    exitCode === 0 ? 'dim' : 'red',
    `${state} (${exitCode}${isOutOfMemory === true ? ', out of memory' : ''})`,
  );
}
