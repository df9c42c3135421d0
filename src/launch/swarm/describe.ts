import { addressOf } from '../../protocol/authority.js';
import type { Deployed } from '../cluster/deployed.js';
import { readServerSettings, settingOf } from '../cluster/server-settings.js';
import { identifyImage } from '../docker/image-identity.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { ServicePort, SwarmNode, SwarmService, SwarmTask } from '../docker/swarm-types.js';
import type { Launched } from '../session/outcome.js';
import { readServing } from '../session/readiness.js';

/** A service whose replicas run. */
export interface FoundService {
  readonly service: SwarmService;
  readonly tasks: readonly SwarmTask[];
  readonly isReused: boolean;
  readonly readyAfterMs?: number;
}

/** What a user is told of a service; one of its replicas is asked what it serves. */
export async function describeService(
  gateway: DockerGateway,
  deployed: Deployed,
  { service, tasks, isReused, readyAfterMs }: FoundService,
): Promise<Launched> {
  const nodes = await gateway.swarm.nodes();
  const { spec } = deployed;
  const { port, basePath, hasTls } = readServerSettings(spec, deployed.ports[0]?.container ?? 8000);
  const { remoteHost } = gateway.endpoint;
  const addressAt = (target: number): string | undefined =>
    findAddresses(target, { service, tasks, nodes, remoteHost })[0];
  const address = addressAt(port);
  const url = address === undefined ? undefined : `${hasTls ? 'https' : 'http'}://${address}`;
  const grpc = settingOf(spec, 'grpc-port');
  const grpcAddress = grpc === undefined ? undefined : addressAt(Number(grpc));
  const local = await gateway.images.inspect(spec.body.Image).catch(() => undefined);
  return {
    name: service.name,
    variant: spec.variant,
    isReused,
    ...(await ask(url, basePath)),
    ...(grpcAddress === undefined ? {} : { grpcAddress }),
    ...(local === undefined ? {} : { image: await identifyImage(gateway, spec.body.Image, local.id) }),
    broken: [],
    replicas: service.replicas,
    ...(readyAfterMs === undefined ? {} : { readyAfterMs }),
  };
}

/** A service's replicas are healthy by themselves; whether they are reached from here is another matter. */
async function ask(
  url: string | undefined,
  basePath: string,
): Promise<Pick<Launched, 'url' | 'noUrl' | 'devices' | 'models' | 'answers'>> {
  const nothing = { devices: [], models: [] };
  if (url === undefined) return { ...nothing, noUrl: 'no replica has a port' };
  const serving = await readServing(url + basePath);
  if (serving.answers !== 'not') return { ...serving, url };
  const noUrl = `its replicas are healthy, but nothing answers at ${url}: Swarm's ingress needs a kernel with IPVS (--publish-mode host does not), and a firewall that allows it`;
  return { ...nothing, noUrl };
}

interface Places {
  readonly service: Pick<SwarmService, 'ports'>;
  readonly tasks: readonly SwarmTask[];
  readonly nodes: readonly SwarmNode[];
  readonly remoteHost: string | undefined;
}

/** `host:port` of a port of a service: one where every node answers, else one for each replica that runs. */
export function findAddresses(target: number, { service, tasks, nodes, remoteHost }: Places): readonly string[] {
  const isMeant = (port: ServicePort): boolean => port.target === target && port.protocol === 'tcp';
  const port = service.ports.find(isMeant);
  if (port?.mode === 'ingress')
    return port.published === undefined ? [] : [addressOf(remoteHost ?? '127.0.0.1', port.published)];
  return tasks
    .filter(({ state, desiredState }) => state === 'running' && desiredState === 'running')
    .flatMap((task) => {
      const published = task.ports.find(isMeant)?.published;
      const host = nodes.find(({ id }) => id === task.nodeId)?.address;
      return published === undefined || host === undefined ? [] : [addressOf(host, published)];
    });
}
