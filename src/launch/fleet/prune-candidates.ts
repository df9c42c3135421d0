import type { DockerGateway } from '../docker/gateway.js';
import type { ContainerSummary } from '../docker/types.js';
import type { NativeRunner } from '../native/runner.js';
import { listServers, managedLabel } from './fleet.js';
import type { Server } from './server.js';
import { isOwnImage } from '../images/find.js';
import { listServices } from '../swarm/place.js';

/** One thing that nothing uses any more, with what it takes and how it goes. */
export interface PruneCandidate {
  readonly kind: 'container' | 'service' | 'native' | 'image' | 'network' | 'volume' | 'build cache';
  readonly name: string;
  /** Undefined where it cannot be told or is nothing. */
  readonly bytes?: number | undefined;
  remove(): Promise<unknown>;
}

/** What `launch prune` may remove. */
export interface PruneRequest {
  /** Also tagged images of ours that no container uses. */
  readonly images: boolean;
  readonly volumes: boolean;
  readonly buildCache: boolean;
}

/** What `prune` would remove: only what the launcher made, but for the build cache, which the engine shares. */
export async function findPruneCandidates(
  fleet: { readonly docker: DockerGateway; readonly native: NativeRunner | undefined },
  request: PruneRequest,
): Promise<readonly PruneCandidate[]> {
  const { servers, engineFault } = await listServers(fleet, { all: false, sizes: true });
  const ended = servers.filter(hasEnded).map((server): PruneCandidate => {
    const { kind, name, sizeBytes: bytes } = server.facts;
    return { kind, name, bytes, remove: () => server.remove({ volumes: true }) };
  });
  if (engineFault !== undefined) return ended;
  const { docker } = fleet;
  const parts = await Promise.all([
    findImages(docker, request.images),
    findNetworks(docker),
    request.volumes ? findVolumes(docker) : [],
    request.buildCache ? findBuildCache(docker) : [],
  ]);
  return [...ended, ...parts.flat()];
}

const isEnded = ({ state }: ContainerSummary): boolean => ['created', 'exited', 'dead'].includes(state);
const hasEnded = ({ isUp, facts }: Server): boolean => !isUp && facts.state !== 'removing';

async function findImages({ images, containers }: DockerGateway, tagged: boolean): Promise<readonly PruneCandidate[]> {
  const [all, users] = await Promise.all([images.list(), containers.list({ all: true })]);
  const used = new Set(users.filter((user) => !isEnded(user)).map(({ imageId }) => imageId));
  return all
    .filter((image) => isOwnImage(image) && !used.has(image.id) && (tagged || image.tags.length === 0))
    .map(({ id, tags, sizeBytes }) => ({
      kind: 'image',
      name: tags[0] ?? id.replace('sha256:', '').slice(0, 12),
      bytes: sizeBytes,
      remove: async () => {
        for (const ref of tags.length === 0 ? [id] : tags) await images.remove(ref);
      },
    }));
}

async function findNetworks({ networks, containers, swarm }: DockerGateway): Promise<readonly PruneCandidate[]> {
  const [own, users, services] = await Promise.all([
    networks.list({ labels: [managedLabel] }),
    containers.list({ all: true }),
    listServices(swarm),
  ]);
  const used = new Set(users.filter((user) => !isEnded(user)).flatMap((container) => container.networks));
  const targets = JSON.stringify(services.map(({ spec }) => spec));
  return own
    .filter(({ id, name }) => !used.has(name) && !targets.includes(`"Target":"${id}"`))
    .map(({ id, name }) => ({ kind: 'network', name, remove: () => networks.remove(id) }));
}

async function findVolumes({ volumes }: DockerGateway): Promise<readonly PruneCandidate[]> {
  const own = await volumes.list({ labels: [managedLabel], dangling: true });
  return own.map(({ name }) => ({ kind: 'volume', name, remove: () => volumes.remove(name) }));
}

async function findBuildCache(docker: DockerGateway): Promise<readonly PruneCandidate[]> {
  const { reclaimableBuildCacheBytes: bytes } = await docker.diskUsage();
  if (bytes === 0) return [];
  return [{ kind: 'build cache', name: 'unused layers', bytes, remove: () => docker.pruneBuildCache() }];
}
