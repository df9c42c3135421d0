import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import type { ClusterOptions, Deployed } from '../../cluster/deployed.js';
import { selectorOf } from './pod.js';

/** Nodes are emptied a tenth of the replicas at a time, at least one; one that is not ready holds nobody up. */
export function toDisruptionBudget({ cluster }: Deployed, metadata: ObjectMeta): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata,
    spec: {
      maxUnavailable: '10%',
      selector: { matchLabels: selectorOf(cluster.name) },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}

/** Adds replicas where requests wait, by the seconds of work that wait in one, and takes them away slowly. */
export function toScaler(deployed: Deployed, metadata: ObjectMeta): object {
  return deployed.cluster.scaler === 'hpa' ? toHpa(deployed, metadata) : toScaledObject(deployed, metadata);
}

const metric = 'slipway_queue_seconds';

/** A replica that is new takes its share at once; one too many costs less than requests that wait. */
const behavior = {
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
  scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Percent', value: 20, periodSeconds: 60 }] },
};

function toHpa({ cluster }: Deployed, metadata: ObjectMeta): HorizontalPodAutoscaler {
  const { name, replicas, maxReplicas = replicas, queueTargetMs } = cluster;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: replicas,
      maxReplicas,
      metrics: [
        {
          type: 'Pods',
          // Thousandths of a second, as Kubernetes writes fractions.
          pods: { metric: { name: metric }, target: { type: 'AverageValue', averageValue: `${queueTargetMs}m` } },
        },
      ],
      behavior,
    },
  };
}

function toScaledObject({ cluster }: Deployed, metadata: ObjectMeta): object {
  const { name, replicas, maxReplicas = replicas, prometheusUrl, queueTargetMs } = cluster;
  return {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata,
    spec: {
      scaleTargetRef: { name },
      minReplicaCount: replicas,
      maxReplicaCount: maxReplicas,
      // Where Prometheus does not answer, what is known to serve stays.
      fallback: { failureThreshold: 3, replicas, behavior: 'currentReplicasIfHigher' },
      advanced: { horizontalPodAutoscalerConfig: { behavior } },
      triggers: [
        {
          type: 'prometheus',
          metricType: 'AverageValue',
          metadata: {
            serverAddress: prometheusUrl,
            query: queueQuery(cluster),
            threshold: String(queueTargetMs / 1000),
          },
        },
      ],
    },
  };
}

/** The seconds of work that wait in all replicas together. */
export function queueQuery({ name, namespace }: ClusterOptions): string {
  const inNamespace = namespace === undefined ? '' : `,namespace="${namespace}"`;
  return `sum(${metric}{service="${name}"${inNamespace}})`;
}
