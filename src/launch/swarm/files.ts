import type { ClusterFile } from '../cluster/cluster-files.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { SwarmFileKind, SwarmService } from '../docker/swarm-types.js';
import { toError } from '../failures/explain.js';
import { containerLabels } from '../labels.js';
import type { ServiceSpec } from './spec-types.js';

const kinds: readonly SwarmFileKind[] = ['secrets', 'configs'];

/** The label of what a service alone uses. */
export function ownedBy(serviceName: string): Readonly<Record<string, string>> {
  return { [containerLabels.managed]: 'true', [containerLabels.service]: serviceName };
}

/** Makes the secrets and configs of a service that are not there yet; answers its specification with the ids of all. */
export async function withFiles(
  { swarm }: DockerGateway,
  spec: ServiceSpec,
  files: readonly ClusterFile[],
): Promise<ServiceSpec> {
  const { Secrets, Configs } = spec.TaskTemplate.ContainerSpec;
  const idsOf = async (kind: SwarmFileKind): Promise<(name: string) => string> => {
    const wanted = files.filter((file) => file.kind === kind);
    if (wanted.length + (kind === 'secrets' ? Secrets : Configs).length === 0) return () => '';
    const ids = new Map((await swarm.files(kind)).map(({ name, id }) => [name, id]));
    for (const { name, data } of wanted) {
      if (!ids.has(name)) ids.set(name, await swarm.createFile(kind, { name, data, labels: ownedBy(spec.Name) }));
    }
    return (name) => ids.get(name) ?? missing(kind, name);
  };
  const [secretId, configId] = await Promise.all([idsOf('secrets'), idsOf('configs')]);
  return withContainer(spec, {
    Secrets: Secrets.map((one) => ({ ...one, SecretID: secretId(one.SecretName) })),
    Configs: Configs.map((one) => ({ ...one, ConfigID: configId(one.ConfigName) })),
  });
}

function missing(kind: SwarmFileKind, name: string): never {
  const word = kind.slice(0, -1);
  throw toError({
    code: 'DOCKER_REFUSED',
    cause: `the Swarm has no ${word} named ${name}`,
    fix: `docker ${word} create ${name} FILE, or --keys-file FILE, which creates one`,
  });
}

/** A specification with other fields of its container. */
export function withContainer(
  spec: ServiceSpec,
  fields: Partial<ServiceSpec['TaskTemplate']['ContainerSpec']>,
): ServiceSpec {
  const { TaskTemplate } = spec;
  return {
    ...spec,
    TaskTemplate: { ...TaskTemplate, ContainerSpec: { ...TaskTemplate.ContainerSpec, ...fields } },
  };
}

/** Removes secrets and configs of a service that neither it nor its rollback names; of one that is gone, all. */
export async function removeUnusedFiles(
  { swarm }: DockerGateway,
  serviceName: string,
  service: Pick<SwarmService, 'spec' | 'previousSpec'> | undefined,
): Promise<void> {
  const used = service === undefined ? '' : JSON.stringify([service.spec, service.previousSpec]);
  const labels = [`${containerLabels.service}=${serviceName}`];
  for (const kind of kinds) {
    for (const { id, name } of await swarm.files(kind, { labels })) {
      if (!used.includes(`"${name}"`)) await swarm.removeFile(kind, id);
    }
  }
}
