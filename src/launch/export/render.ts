import type { ClusterKind } from '../cluster/cluster-checks.js';
import type { Deployed } from '../cluster/deployed.js';
import { toManifests } from './kubernetes/manifests.js';
import { toKserve } from './kserve.js';
import { toStack } from './swarm.js';
import { writeYaml } from './yaml.js';

/** The documents of an export. */
export function toDocuments(kind: ClusterKind, deployed: Deployed): readonly object[] {
  if (kind === 'swarm') return [toStack(deployed)];
  return kind === 'kserve' ? toKserve(deployed) : toManifests(deployed);
}

/** The export's file, with what to type in its first lines. */
export function toFile(kind: ClusterKind, deployed: Deployed): string {
  return writeYaml(toDocuments(kind, deployed), [`Made by: launch export ${kind}.`, ...howTo(kind, deployed)]);
}

/** How a file is given to its cluster. */
export function startLine(kind: ClusterKind, { cluster }: Deployed, file: string): string {
  return kind === 'swarm' ? `docker stack deploy -c ${file} ${cluster.name}` : `kubectl apply -f ${file}`;
}

function howTo(kind: ClusterKind, deployed: Deployed): readonly string[] {
  const { cluster, ports } = deployed;
  const port = ports[0]?.published ?? 0;
  const start = `Start: ${startLine(kind, deployed, 'FILE')}`;
  if (kind === 'swarm') return [start, `Look: docker stack ps ${cluster.name}. Stop: docker stack rm ${cluster.name}`];
  if (kind === 'kserve') return [start, `Look: kubectl get inferenceservice ${cluster.name}`];
  const host = cluster.namespace === undefined ? cluster.name : `${cluster.name}.${cluster.namespace}.svc`;
  const needsVolumes = cluster.modelImage?.by === 'volume';
  const deployment = `deployment/${cluster.name}`;
  return [
    start,
    `Look: kubectl rollout status ${deployment}. Back: kubectl rollout undo ${deployment}`,
    `In the cluster: http://${host}:${port}. Needs Kubernetes 1.30${needsVolumes ? ', with the feature gate ImageVolume: without it the volume is left out in silence' : ''}.`,
  ];
}
