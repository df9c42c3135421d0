import type { LaunchContext } from '../context.js';
import type { Deployed } from '../cluster/deployed.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { SwarmState } from '../docker/swarm-types.js';
import { explainEngineError } from '../failures/explain.js';
import { containerLabels } from '../labels.js';
import type { LaunchRequest } from '../request/request.js';
import type { Launched } from '../session/outcome.js';
import { permitReplacing } from '../session/replace.js';
import { describeService } from './describe.js';
import { toChangeFailure } from './failure.js';
import { ownedBy, removeUnusedFiles, withFiles } from './files.js';
import { ensureServiceImage, findServiceImage, type PinnedImage } from './image.js';
import { requireGpus, requireManager } from './place.js';
import { explainAddresses, planService, type ServicePlan } from './plan.js';
import { removeService } from './change.js';
import { newestTaskMs, watchService } from './watch.js';

/** One `launch up --swarm`. */
export interface SwarmUp {
  readonly context: LaunchContext;
  readonly gateway: DockerGateway;
  readonly request: LaunchRequest;
  readonly deployed: Deployed;
  readonly isNumberGiven: boolean;
  /** Longest time in which nothing happens. */
  readonly timeoutMs: number;
  /** Keep a service whose first replicas failed. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
}

/** What a start would do, and on which Swarm. */
export interface SwarmPreview {
  readonly swarm: SwarmState;
  readonly plan: ServicePlan;
  readonly image: PinnedImage;
}

/** Looks at the Swarm and decides; starts, builds and pulls nothing. Throws a refusal. */
export function previewService(up: SwarmUp): Promise<SwarmPreview> {
  return prepare(up, findServiceImage);
}

async function prepare(up: SwarmUp, findImage: typeof ensureServiceImage): Promise<SwarmPreview> {
  const { context, gateway, request, deployed, isNumberGiven, signal } = up;
  const swarm = await requireManager(gateway);
  const [nodes, existing] = await Promise.all([gateway.swarm.nodes(), gateway.swarm.find(deployed.cluster.name)]);
  const input = { deployed, existing, isNumberGiven };
  requireGpus(nodes, planService({ ...input, image: { reference: deployed.spec.body.Image } }).spec);
  const search = { gateway, context, request, deployed, nodeCount: nodes.length };
  const image = await findImage(search, signal);
  return { swarm, image, plan: planService({ ...input, image }) };
}

/** Creates or changes a service, and waits until its replicas are healthy or the Swarm has taken the change back. */
export async function upService(up: SwarmUp): Promise<Launched> {
  const { context, gateway, deployed, signal } = up;
  const { plan, image } = await prepare(up, ensureServiceImage);
  for (const note of [image.note, explainAddresses(plan)]) if (note !== undefined) context.console.warn(note);
  const { existing } = plan;
  if (existing !== undefined && plan.action !== 'keep')
    await permitReplacing(context, [existing], up.request.container.name);
  context.console.note(`${plan.spec.Name}: ${sayAction(plan)}`);
  const startedAtMs = context.now();
  const sinceMs = await newestTaskMs(gateway, existing?.id);
  const serviceId = await apply(up, { plan, image });
  const endsAtFailure = plan.action === 'create';
  const { timeoutMs } = up;
  const watched = await watchService({ gateway, context, serviceId, timeoutMs, sinceMs, endsAtFailure, signal });
  if (watched.kind !== 'settled') {
    const failure = await toChangeFailure(gateway, watched, { change: plan.action, timeoutMs });
    if (endsAtFailure && !up.keep) await removeService(gateway, watched.service);
    throw failure;
  }
  await removeUnusedFiles(gateway, plan.spec.Name, watched.service);
  const isReused = plan.action === 'keep';
  const found = { ...watched, isReused, ...(isReused ? {} : { readyAfterMs: context.now() - startedAtMs }) };
  return describeService(gateway, deployed, found);
}

/** What happens, in words. */
export function sayAction({ action, spec, existing }: ServicePlan): string {
  const count = spec.Mode.Replicated.Replicas;
  const replicas = `${count} replica${count === 1 ? '' : 's'}`;
  const { Order, Parallelism } = spec.UpdateConfig;
  const first = Order === 'start-first' ? 'the new one starts first' : 'the old one ends first';
  return {
    create: `starting ${replicas}`,
    update: `replacing its ${replicas}, ${Parallelism} at a time; ${first}`,
    scale: `from ${existing?.replicas ?? 0} to ${replicas}`,
    keep: `${replicas} with the same options`,
  }[action];
}

/** Answers the service's id. */
async function apply(
  { gateway, deployed }: SwarmUp,
  { plan, image }: Pick<SwarmPreview, 'plan' | 'image'>,
): Promise<string> {
  const { existing, network, spec } = plan;
  if (plan.action === 'keep' && existing !== undefined) return existing.id;
  try {
    if (network.isOwn) await ensureNetwork(gateway, network.name);
    const complete = await withFiles(gateway, spec, deployed.cluster.files);
    const access = image.auth === undefined ? {} : { auth: image.auth };
    if (existing === undefined) return await gateway.swarm.create(complete, access);
    await gateway.swarm.update(existing, complete, access);
    return existing.id;
  } catch (thrown) {
    throw explainEngineError(thrown);
  }
}

async function ensureNetwork({ networks }: DockerGateway, name: string): Promise<void> {
  const labels = ownedBy(name);
  const known = await networks.list({ labels: [`${containerLabels.service}=${name}`] });
  if (known.some((network) => network.name === name)) return;
  await networks.create({ name, driver: 'overlay', attachable: true, labels });
}
