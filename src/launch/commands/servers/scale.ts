import type { Command } from 'commander';
import { AppError } from '../../../errors.js';
import { addEngineOptions, engineAddressOf, wantsJson } from '../../cli/engine-flags.js';
import type { EngineAddress, LaunchContext } from '../../context.js';
import type { DockerGateway } from '../../docker/gateway.js';
import type { SwarmService } from '../../docker/swarm-types.js';
import { explainEngineError } from '../../failures/explain.js';
import { managedLabel } from '../../fleet/fleet.js';
import { parseCount, parseDuration } from '../../request/flags/sizes.js';
import { isManaged } from '../../labels.js';
import { rollbackService, scaleService } from '../../swarm/change.js';
import { toChangeFailure } from '../../swarm/failure.js';
import { requireManager } from '../../swarm/place.js';
import { newestTaskMs, watchService, type Watched } from '../../swarm/watch.js';

interface ChangeOptions {
  readonly timeout?: string;
}

/** `launch scale NAME=N...` and `launch rollback [NAME...]`: services of a Swarm, changed and awaited. */
export function register(program: Command, context: LaunchContext): void {
  const patience = ['--timeout <time>', 'longest time without progress (2m)'] as const;
  addEngineOptions(program.command('scale'))
    .description("change the number of a service's replicas")
    .argument('<service=n...>', 'services, each with its number of replicas')
    .option(...patience)
    .action(async (words: readonly string[], options: ChangeOptions, command: Command) => {
      const targets = words.map(parseTarget);
      const change = openChange(context, engineAddressOf(command), options);
      const settled = [];
      for (const { name, replicas } of targets) {
        settled.push(await change(name, 'scale', (docker, service) => scaleService(docker, service, replicas)));
      }
      print(context, settled, wantsJson(command));
    });
  addEngineOptions(program.command('rollback'))
    .description('undo the last change of a service')
    .argument('<service...>', 'names of services')
    .option(...patience)
    .action(async (names: readonly string[], options: ChangeOptions, command: Command) => {
      const change = openChange(context, engineAddressOf(command), options);
      const settled = [];
      for (const name of names) settled.push(await change(name, 'rollback', rollbackService));
      print(context, settled, wantsJson(command));
    });
}

/** `slipway=5`. Throws USAGE. */
function parseTarget(word: string): { readonly name: string; readonly replicas: number } {
  const [, name, count] = /^([^=]+)=(.*)$/.exec(word) ?? [];
  if (name !== undefined && count !== undefined) return { name, replicas: parseCount(`${name}=`, count) };
  throw new AppError('USAGE', `${word}: expected a service and its number of replicas. Type launch scale ${word}=3`);
}

type Change = (docker: DockerGateway, service: SwarmService) => Promise<void>;

/** Changes a service and waits until the Swarm is done. */
function openChange(context: LaunchContext, address: EngineAddress, { timeout }: ChangeOptions) {
  const timeoutMs = parseDuration('--timeout', timeout ?? '2m');
  return async (name: string, kind: 'scale' | 'rollback', change: Change): Promise<Watched> => {
    const gateway = await context.openGateway(address);
    await requireManager(gateway);
    const service = await findOwn(gateway, name);
    const sinceMs = await newestTaskMs(gateway, service.id);
    await change(gateway, service).catch((thrown: unknown) => {
      throw explainEngineError(thrown);
    });
    const stop = new AbortController();
    const release = context.onSignal(() => stop.abort());
    const watch = { gateway, context, serviceId: service.id, timeoutMs, sinceMs, signal: stop.signal };
    const watched = await watchService({ ...watch, endsAtFailure: false }).finally(release);
    if (watched.kind === (kind === 'scale' ? 'settled' : 'taken-back')) return watched;
    throw await toChangeFailure(gateway, watched, { change: kind, timeoutMs });
  };
}

async function findOwn({ swarm }: DockerGateway, name: string): Promise<SwarmService> {
  const service = await swarm.find(name);
  if (service !== undefined && isManaged(service.labels)) return service;
  const known = (await swarm.list({ labels: [managedLabel] })).map((one) => one.name);
  const what =
    service === undefined ? `There is no service named ${name}.` : `${name} is a service that launch did not start.`;
  const others = known.length === 0 ? 'Start one with: launch up --swarm' : `Services: ${known.join(', ')}.`;
  throw new AppError('CONTAINER_NOT_FOUND', `${what} ${others}`, { details: { ref: name } });
}

function print(context: LaunchContext, watched: readonly Watched[], json: boolean): void {
  const results = watched.map(({ service: { name, replicas }, text }) => ({ name, replicas, text }));
  if (json) context.console.json(results);
  else for (const { name, text } of results) context.console.result(`${name}  ${text}`);
}
