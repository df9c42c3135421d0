import type { HealthReason } from '../../protocol/server-health.js';
import type { GpuPath } from '../decide/gpu/gpu-path.js';
import type { LaunchedImage } from '../docker/image-identity.js';
import type { Variant } from '../request/request.js';

/** A server that runs and is ready. */
export interface Launched {
  readonly name: string;
  readonly variant: Variant;
  /** Whether it ran already. */
  readonly isReused: boolean;
  readonly url?: string | undefined;
  /** Why there is no URL. */
  readonly noUrl?: string | undefined;
  /** `host:port` of its gRPC service. */
  readonly grpcAddress?: string | undefined;
  /** Why that is not reached from here, where it has one. */
  readonly noGrpc?: string | undefined;
  readonly ip?: string | undefined;
  readonly containerId?: string | undefined;
  readonly image?: LaunchedImage | undefined;
  readonly gpuPath?: GpuPath['kind'] | undefined;
  /** Where models compute, as the server measured it; empty where it was not asked. */
  readonly devices: readonly string[];
  /** Names of the models that it serves; empty where it was not asked. */
  readonly models: readonly string[];
  /** Whether it told that, or tells only those who have a key. */
  readonly answers?: 'openly' | 'with a key' | 'not';
  /** Models that will not serve as things stand, with the reason. */
  readonly broken: readonly HealthReason[];
  /** Of a Swarm's service: how many run. */
  readonly replicas?: number;
  /** Time from the first start call to the first ready answer. */
  readonly readyAfterMs?: number | undefined;
}

/** What to say of a GPU that a server was given and does not compute on; undefined where it does, or was not asked. */
export function explainIdleGpu({ name, gpuPath, devices }: Launched): string | undefined {
  if (gpuPath === undefined || devices.length === 0 || devices.some((device) => device !== 'cpu')) return undefined;
  return `${name} was given a GPU by ${gpuPath}, but computes on cpu: launch logs ${name} says why; launch doctor checks driver and toolkit`;
}

/** What to say of a server that can be asked and names no model; undefined where it names some, or says what is broken. */
export function explainNoModels({ name, url, models, broken, answers }: Launched): string | undefined {
  if (url === undefined || answers === 'with a key' || models.length > 0 || broken.length > 0) return undefined;
  return `${name} is ready, but lists no model: launch logs ${name} says where it looked`;
}

const mostListed = 12;

function listed(names: readonly string[]): string {
  const more = names.length - mostListed;
  return [...names.slice(0, mostListed), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

function nounOf({ variant, replicas }: Launched): string {
  return variant === 'native' ? 'server' : replicas === undefined ? 'container' : 'service';
}

/** The result as lines: where it is, what it is, and what to type next. */
export function describeLaunched(launched: Launched, paint: (text: string) => string): string {
  const {
    name,
    variant,
    url,
    noUrl,
    grpcAddress,
    noGrpc,
    ip,
    devices,
    models,
    broken,
    gpuPath,
    image,
    replicas,
    answers,
  } = launched;
  const way = gpuPath === undefined ? '' : ` by ${gpuPath}`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['url', url === undefined ? `none: ${noUrl ?? 'not published'}` : paint(url)],
    ['grpc', grpcAddress ?? (noGrpc === undefined ? undefined : `none: ${noGrpc}`)],
    [
      nounOf(launched),
      [name, ...(ip === undefined ? [] : [ip]), ...(replicas === undefined ? [] : [`${replicas} replicas`])].join(', '),
    ],
    ['variant', `${variant}${way}${image === undefined ? '' : `, image ${image.ref}`}`],
    ['device', devices.length > 0 ? devices.join(', ') : answers === 'with a key' ? 'told with a key' : 'unknown'],
    ['models', models.length === 0 ? undefined : listed(models)],
    ...broken.map(({ message }) => ['broken', message] as const),
    ['try', url === undefined ? undefined : `curl ${url}/v2`],
    [
      'next',
      `launch logs -f ${name}  |  launch ${replicas === undefined ? `stats ${name}` : `scale ${name}=N`}  |  launch stop ${name}`,
    ],
  ];
  return facts
    .filter(([, text]) => text !== undefined)
    .map(([label, text]) => `${label.padEnd(10)}${text ?? ''}`)
    .join('\n');
}
