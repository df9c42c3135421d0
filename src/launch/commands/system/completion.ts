import type { Command } from 'commander';
import { registerCompletion } from '../../../command-line/completion/command.js';
import { valueIn } from '../../../command-line/completion/completion.js';
import type { NameKind } from '../../../command-line/takes.js';
import { omitUndefined } from '../../../omit-undefined.js';
import { defineLaunch } from '../../cli/definition.js';
import type { EngineAddress, LaunchContext } from '../../context.js';
import { listServers, managedLabel, openFleetAt } from '../../fleet/fleet.js';
import { listLocations } from '../models/cache.js';

/** `launch completion`: the scripts, and the names at the engine or in the cache that a line could mean. */
export function register(program: Command, context: LaunchContext): void {
  registerCompletion(program, {
    define: () => defineLaunch(program),
    list: (kind, words) => (Object.hasOwn(lists, kind) ? lists[kind as NameKind]?.(words, context) : undefined),
    print: (text) => context.console.result(text),
  });
}

type List = (words: readonly string[], context: LaunchContext) => Promise<readonly string[]>;

const lists: Partial<Record<NameKind, List>> = {
  servers: async (words, context) => {
    const { servers, replicas } = await listServers(await openFleetAt(addressIn(words), context), { all: false });
    return [...servers, ...replicas].map(({ name }) => name);
  },
  services: listServices,
  'service-counts': async (words, context) => (await listServices(words, context)).map((name) => `${name}=`),
  locations: (words, context) => listLocations(context, valueIn(words, ['--cache-dir'])),
};

async function listServices(words: readonly string[], context: LaunchContext): Promise<readonly string[]> {
  const { swarm } = await context.openGateway(addressIn(words));
  return (await swarm.list({ labels: [managedLabel] })).map(({ name }) => name);
}

function addressIn(words: readonly string[]): EngineAddress {
  const [named, host] = [valueIn(words, ['--context']), valueIn(words, ['--host', '-H'])];
  return omitUndefined({ context: named, host });
}
