import type { Command } from 'commander';
import { AppError } from '../../../errors.js';
import type { LaunchContext } from '../../context.js';
import { forEachNamed } from '../../fleet/each.js';
import { managedLabel } from '../../fleet/fleet.js';
import { shortId } from '../../cli/format.js';
import { containerLabels, isManaged } from '../../labels.js';
import { formatTable } from '../../text/table.js';
import { addEngineOptions, engineAddressOf, wantsJson } from '../../cli/engine-flags.js';

interface NetworkOptions {
  readonly all?: boolean;
  readonly driver?: string;
  readonly internal?: boolean;
}

/** `launch network create|ls|rm`: networks on which servers reach each other by name. */
export function register(program: Command, context: LaunchContext): void {
  const network = program.command('network').description('networks on which servers reach each other by name');
  registerCreate(network, context);
  registerList(network, context);
  registerRemove(network, context);
}

function registerCreate(network: Command, context: LaunchContext): void {
  addEngineOptions(network.command('create'))
    .description('create a network')
    .argument('<name>', 'its name')
    .option('-d, --driver <driver>', 'kind of network', 'bridge')
    .option('--internal', 'without access to the outside')
    .action(async (name: string, options: NetworkOptions, command: Command) => {
      const docker = await context.openGateway(engineAddressOf(command));
      const id = await docker.networks.create({
        name,
        ...(options.driver === undefined ? {} : { driver: options.driver }),
        internal: options.internal === true,
        labels: { [containerLabels.managed]: 'true' },
      });
      if (wantsJson(command)) context.console.json({ id, name });
      else context.console.result(name);
      context.console.note(`Use it with: launch up --network ${name}`);
    });
}

function registerList(network: Command, context: LaunchContext): void {
  addEngineOptions(network.command('ls'))
    .description('list networks')
    .option('-a, --all', "also the engine's other networks")
    .action(async (options: NetworkOptions, command: Command) => {
      const docker = await context.openGateway(engineAddressOf(command));
      const networks = await docker.networks.list(options.all === true ? {} : { labels: [managedLabel] });
      if (wantsJson(command)) {
        context.console.json(networks);
        return;
      }
      const rows = networks.map(({ name, id, driver, subnets }) => [name, shortId(id), driver, subnets.join(', ')]);
      if (rows.length === 0)
        context.console.note('There is no network yet. Create one with: launch network create NAME');
      else context.console.result(formatTable(['NAME', 'ID', 'DRIVER', 'SUBNET'], rows));
    });
}

function registerRemove(network: Command, context: LaunchContext): void {
  addEngineOptions(network.command('rm'))
    .description('remove networks')
    .argument('<name...>', 'names or ids')
    .option('-a, --all', "also the engine's other networks")
    .action(async (names: readonly string[], options: NetworkOptions, command: Command) => {
      const docker = await context.openGateway(engineAddressOf(command));
      const networks = await docker.networks.list();
      const found = names.map((ref) => {
        const one = networks.find(({ name, id }) => name === ref || (ref.length >= 4 && id.startsWith(ref)));
        if (one === undefined) {
          const own = networks.filter(({ labels }) => isManaged(labels)).map(({ name }) => name);
          const known = own.length === 0 ? 'There is none yet.' : `There is: ${own.join(', ')}.`;
          throw new AppError('NOT_FOUND', `There is no network ${ref}. ${known}`, { details: { ref } });
        }
        if (options.all === true || isManaged(one.labels)) return one;
        throw new AppError('USAGE', `${ref} is a network that launch did not make. Add --all to remove it anyway.`);
      });
      await forEachNamed(found, context, { action: ({ id }) => docker.networks.remove(id), json: wantsJson(command) });
    });
}
