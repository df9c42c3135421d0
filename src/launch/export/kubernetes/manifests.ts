import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { isScaled, type Deployed } from '../../cluster/deployed.js';
import { toMonitor, toNetworkPolicy, toService } from './network.js';
import { selectorOf, toPod } from './pod.js';
import { toDisruptionBudget, toScaler } from './scaling.js';

/** All that a cluster is told of a deployment, in the order in which it is best applied. */
export function toManifests(deployed: Deployed): readonly object[] {
  const metadata = metadataOf(deployed);
  return [
    toNetworkPolicy(deployed, metadata),
    toService(deployed, metadata),
    toDeployment(deployed, metadata),
    toDisruptionBudget(deployed, metadata),
    ...(isScaled(deployed.cluster) ? [toScaler(deployed, metadata)] : []),
    ...(deployed.cluster.hasMonitor ? [toMonitor(deployed, metadata)] : []),
  ];
}

/** Name, namespace and labels of every object of a deployment. */
export function metadataOf({ cluster, labels }: Deployed): ObjectMeta {
  return {
    name: cluster.name,
    ...(cluster.namespace === undefined ? {} : { namespace: cluster.namespace }),
    labels: { ...labels, ...selectorOf(cluster.name) },
  };
}

function toDeployment(deployed: Deployed, metadata: ObjectMeta): Deployment {
  const { cluster } = deployed;
  const { container, pod } = toPod(deployed);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      // Where a scaler counts them, a number here would undo its work with every apply.
      ...(isScaled(cluster) ? {} : { replicas: cluster.replicas }),
      selector: { matchLabels: selectorOf(cluster.name) },
      // A tenth at a time, at least one: a thousand replicas would else take an hour.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '10%' } },
      progressDeadlineSeconds: 600,
      template: { metadata: { labels: { ...metadata.labels } }, spec: { ...pod, containers: [container] } },
    },
  };
}
