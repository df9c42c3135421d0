import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { permitterOf } from '../../fleet/permit.js';
import { forEachNamed } from '../../fleet/each.js';
import { findMembers, isUp, openFleet, type Fleet, type Member } from '../../fleet/fleet.js';
import { parseCount } from '../../text/time.js';
import { explainEngineError } from '../../failures/explain.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface RestartOptions {
  readonly all?: boolean;
  readonly time?: string;
}

/** `launch start <name...>` and `launch restart [name...]`: what ended runs again, as it was made. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('start'))
    .description('start an ended server again, as it was made')
    .argument('<name...>', 'names or ids')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: RestartOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const members = await findMembers(fleet, names, { all: options.all === true, soleByDefault: false });
      await forEachNamed(members, context, { action: (member) => start(fleet, member), json: wantsJson(command) });
    });
  addEngineOptions(program.command('restart'))
    .description('drain a server and start it again')
    .argument('[name...]', 'names or ids; the only running one unless given')
    .option('-t, --time <seconds>', 'kill it after this long (10)')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: RestartOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const json = wantsJson(command);
      const members = await findMembers(fleet, names, {
        all: options.all === true,
        soleByDefault: true,
        permitForeign: permitterOf(context, 'restart', json),
      });
      const grace = options.time === undefined ? {} : { graceSeconds: parseCount(options.time, '--time') };
      await forEachNamed(members, context, { action: (member) => restart(fleet, member, grace), json });
    });
}

/** Starts what does not run; what runs is left alone. */
async function start({ docker, native }: Fleet, member: Member): Promise<void> {
  if (isUp(member)) return;
  if (member.kind === 'native') await native?.start(member.server.request);
  else await docker.containers.start(member.id).catch(rethrow);
}

async function restart(
  { docker, native }: Fleet,
  member: Member,
  grace: { readonly graceSeconds?: number },
): Promise<void> {
  if (member.kind === 'container') {
    await docker.containers.restart(member.id, grace).catch(rethrow);
    return;
  }
  await native?.stop(member.name, grace);
  await native?.start(member.server.request);
}

function rethrow(thrown: unknown): never {
  throw explainEngineError(thrown);
}
