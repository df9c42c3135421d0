import { AppError } from '../../src/errors.js';
import { launch, type LaunchedServer } from '../../src/launch/index.js';
import { findFreePort } from './free-port.js';
import type { StartOptions, Target, TargetPlan } from './target.js';

/** The container images that can be measured. */
export type ContainerVariant = 'cpu' | 'gpu' | 'cuda';

/** A container of one variant, started by the launcher and removed afterwards. Its image must be there: none is built or pulled. */
export function planContainer(variant: ContainerVariant): TargetPlan {
  const name = `container-${variant}`;
  return { name, start: (start) => startContainer(name, variant, start) };
}

async function startContainer(name: string, variant: ContainerVariant, start: StartOptions): Promise<Target> {
  const port = await findFreePort();
  const request = {
    variant,
    port,
    name: `slipway-bench-${variant}-${port}`,
    pull: 'never',
    isTemporary: true,
    ...(start.isManaged === true ? { env: { SLIPWAY_MANAGEMENT: 'true' } } : {}),
  } as const;
  const { repository: models, signal, narrate } = start;
  const onNarration = (line: string): void => narrate(`${name}: ${line}`);
  const server = await launch({ ...request, models, signal, onNarration }).catch((thrown: unknown) => {
    throw toSkipReason(thrown, variant);
  });
  narrate(`${name}: ${server.name} is ready after ${((server.readyAfterMs ?? 0) / 1000).toFixed(2)} s`);
  return toTarget(name, server);
}

function toTarget(name: string, server: LaunchedServer): Target {
  const { image, readyAfterMs } = server;
  const { hostname, port } = new URL(server.url);
  return {
    name,
    kind: 'container',
    origin: { host: hostname, port: Number(port), basePath: '', headers: {} },
    ...(image === undefined ? {} : { image: { ref: image.ref, id: image.id, digest: image.digest ?? null } }),
    startParts: {},
    ...(readyAfterMs === undefined ? {} : { readyAfterMs }),
    stop: () => server.remove(),
  };
}

/** What to type, where the launcher's own advice is for its own command line. */
const advice: Readonly<Record<string, (variant: ContainerVariant) => string>> = {
  IMAGE_MISSING: (variant) => `Type: launch build --variant ${variant}`,
  DOCKER_UNREACHABLE: () => 'Without an engine: npm run bench -- --target native-cpu',
  DEVICE_UNAVAILABLE: (variant) => `What to do: launch doctor --variant ${variant}`,
};

/** The launcher's refusal in the words of the benchmark: the cause, and what to type. */
export function toSkipReason(thrown: unknown, variant: ContainerVariant): unknown {
  if (!(thrown instanceof AppError)) return thrown;
  const { cause } = thrown.details;
  const type = advice[thrown.code]?.(variant);
  if (typeof cause !== 'string' || type === undefined) return thrown;
  return new AppError(thrown.code, `${cause.replace(/\.$/, '')}. ${type}`, { cause: thrown });
}
