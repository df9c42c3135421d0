import { AppError } from '../../../errors.js';
import { readClusterFiles } from '../../cluster/cluster-files.js';
import { readClusterOptions, swarmFlagsIn, type ClusterValues } from '../../cluster/cluster-flags.js';
import { toDeployed } from '../../cluster/for-cluster.js';
import type { EngineAddress, LaunchContext } from '../../context.js';
import { toFile } from '../../export/render.js';
import { parseDuration } from '../../request/flags/sizes.js';
import type { LaunchRequest } from '../../request/request.js';
import type { UpValues } from '../../request/up-flags.js';
import { describeLaunched, explainNoModels } from '../../session/outcome.js';
import { explainAddresses } from '../../swarm/plan.js';
import { previewService, sayAction, upService, type SwarmUp } from '../../swarm/start.js';

/** Flags of `up` and of a Swarm, as the parser leaves them. */
export type UpAndSwarmValues = UpValues & Partial<ClusterValues> & { readonly swarm?: boolean };

/** Refuses a Swarm's flags where no Swarm is meant. Throws USAGE. */
export function refuseSwarmFlags(values: UpAndSwarmValues): void {
  const [flag] = swarmFlagsIn({ ...values });
  if (flag !== undefined) throw new AppError('USAGE', `${flag} is for a service of a Swarm. Add --swarm, or omit it.`);
}

interface Call {
  readonly values: UpAndSwarmValues;
  readonly address: EngineAddress;
  readonly request: LaunchRequest;
  readonly json: boolean;
}

/** `launch up --swarm`: a service that is created, or changed replica by replica. */
export async function upSwarm(context: LaunchContext, call: Call): Promise<void> {
  const { values, json } = call;
  const stop = new AbortController();
  const release = context.onSignal(() => stop.abort());
  try {
    const up = await toSwarmUp(context, call, stop.signal);
    await (values.dryRun === true ? printPreview(up, json) : startService(up, json));
  } finally {
    release();
  }
}

async function startService(up: SwarmUp, json: boolean): Promise<void> {
  const { console } = up.context;
  const launched = await upService(up);
  if (launched.isReused) console.ok(`${launched.name} is already running with the same options`);
  else console.ok(`ready after ${((launched.readyAfterMs ?? 0) / 1000).toFixed(1)} s`);
  const unserved = explainNoModels(launched);
  if (unserved !== undefined) console.warn(unserved);
  if (json) console.json(launched);
  else console.result(describeLaunched(launched, (text) => console.paint('bold', text)));
}

async function toSwarmUp(context: LaunchContext, call: Call, signal: AbortSignal): Promise<SwarmUp> {
  const { values, request, address } = call;
  const files = await readClusterFiles(values, context.cwd);
  const cluster = { ...readClusterOptions(values, 'swarm'), files };
  // A service outlives its launch anyway.
  const { deployed, notes } = toDeployed({ ...request, mode: 'foreground' }, cluster, 'swarm');
  for (const note of notes) context.console.note(note);
  return {
    context,
    gateway: await context.openGateway(address),
    request,
    deployed,
    isNumberGiven: values.replicas !== undefined,
    timeoutMs: parseDuration('--timeout', values.timeout ?? '2m'),
    keep: values.keep === true,
    signal,
  };
}

/** What would happen, and the service as a stack's file; as JSON one document with the engine's own form. */
async function printPreview(up: SwarmUp, json: boolean): Promise<void> {
  const { console } = up.context;
  const { swarm, plan, image } = await previewService(up);
  if (json) {
    const { action, spec, network } = plan;
    console.json({ swarm, action, network, image: image.reference, service: spec });
    return;
  }
  console.note(`${plan.spec.Name}: ${sayAction(plan)}`);
  if (!image.isKnown) console.note(`${image.reference} is not on this engine: it would be built or pulled first`);
  for (const note of [image.note, explainAddresses(plan)]) if (note !== undefined) console.warn(note);
  const { cluster } = up.deployed;
  const replicas = plan.spec.Mode.Replicated.Replicas;
  console.result(toFile('swarm', { ...up.deployed, cluster: { ...cluster, replicas } }).trimEnd());
}
