import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import type { ContainerDetails } from '../../docker/types.js';
import { describeMember } from '../../fleet/describe.js';
import { findMembers, openFleet, type Fleet, type Member } from '../../fleet/fleet.js';
import { formatDuration, formatPorts, shortId } from '../../cli/format.js';
import { formatTable } from '../../text/table.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

/** `launch inspect [name...]`: everything about one server; with --json the engine's own answer. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('inspect'))
    .description('show everything about a server')
    .argument('[name...]', 'names or ids; the only running one unless given')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: { readonly all?: boolean }, command: Command) => {
      const fleet = await openFleet(command, context);
      const members = await findMembers(fleet, names, { all: options.all === true, soleByDefault: true });
      const details = await Promise.all(members.map((member) => readDetails(fleet, member)));
      if (wantsJson(command)) {
        context.console.json(members.map((member, index) => details[index]?.raw ?? memberJson(member)));
        return;
      }
      const blocks = members.map((member, index) => describe(member, details[index], context));
      context.console.result(blocks.join('\n\n'));
    });
}

async function readDetails({ docker }: Fleet, member: Member): Promise<ContainerDetails | undefined> {
  return member.kind === 'container' ? docker.containers.inspect(member.id) : undefined;
}

function memberJson(member: Member): unknown {
  return member.kind === 'native' ? member.server : member.container;
}

function describe(member: Member, details: ContainerDetails | undefined, context: LaunchContext): string {
  const facts = describeMember(member);
  const state = details?.state;
  const startedMs = state === undefined ? facts.upSinceMs : Date.parse(state.startedAt);
  const isUp = facts.state === 'running' && startedMs !== undefined;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['name', facts.name],
    [facts.kind === 'native' ? 'process' : 'id', shortId(facts.id)],
    ['variant', facts.variant],
    ['device', facts.device],
    ['image', facts.image],
    ['state', [facts.state, facts.health].filter((word) => word !== undefined).join(', ')],
    ['up', isUp ? formatDuration(context.now() - startedMs) : undefined],
    [
      'exit code',
      facts.exitCode === undefined
        ? undefined
        : `${facts.exitCode}${state?.oomKilled === true ? ' (out of memory)' : ''}`,
    ],
    ['error', state?.error === '' ? undefined : state?.error],
    ['restarts', String(details?.restartCount ?? facts.restarts ?? 0)],
    ['ports', formatPorts(details?.ports ?? facts.ports)],
    ['address', details?.networks.map(({ name, ip }) => `${ip === '' ? '-' : ip} (${name})`).join(', ')],
    ['last check', state?.healthLog.at(-1)?.output.trim()],
    ['command line', member.kind === 'native' ? member.server.request.args.join(' ') : member.container.command],
  ];
  const shown = rows.flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, value]]));
  return formatTable(shown[0] ?? [], shown.slice(1));
}
