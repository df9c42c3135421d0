import type { Service } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import type { NetworkPolicy, NetworkPolicyPeer } from 'kubernetes-types/networking/v1.js';
import type { Deployed } from '../../cluster/deployed.js';
import { toEgress } from './egress.js';
import { portName, selectorOf, settingsOf } from './pod.js';

/** One address for all replicas, and a port at which each is asked for its metrics. */
export function toService(deployed: Deployed, metadata: ObjectMeta): Service {
  const { healthPort, hasTls } = settingsOf(deployed);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      type: 'ClusterIP',
      selector: selectorOf(deployed.cluster.name),
      ports: [
        ...deployed.ports.map(({ published, container, protocol }, index) => ({
          name: portName(index, container),
          port: published,
          targetPort: portName(index, container),
          protocol,
          ...(index === 0 ? { appProtocol: hasTls ? 'https' : 'http' } : {}),
        })),
        { name: 'metrics', port: healthPort, targetPort: 'health', protocol: 'TCP' as const },
      ],
    },
  };
}

/** Callers reach the published ports, anything in the cluster the metrics; the server itself calls nobody but whom its settings name. */
export function toNetworkPolicy(deployed: Deployed, metadata: ObjectMeta): NetworkPolicy {
  const { cluster, ports } = deployed;
  const peers: readonly NetworkPolicyPeer[] =
    cluster.allowedNamespaces.length === 0
      ? []
      : [
          { podSelector: {} },
          ...cluster.allowedNamespaces.map((name) => ({
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
          })),
        ];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata,
    spec: {
      podSelector: { matchLabels: selectorOf(cluster.name) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          ...(peers.length === 0 ? {} : { from: [...peers] }),
          ports: ports.map(({ container, protocol }) => ({ port: container, protocol })),
        },
        { ports: [{ port: settingsOf(deployed).healthPort, protocol: 'TCP' }] },
      ],
      egress: toEgress(deployed),
    },
  };
}

/** What the Prometheus operator reads; each replica is scraped by itself. */
export function toMonitor(deployed: Deployed, metadata: ObjectMeta): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata,
    spec: {
      selector: { matchLabels: selectorOf(deployed.cluster.name) },
      endpoints: [{ port: 'metrics', path: `${settingsOf(deployed).basePath}/metrics`, interval: '15s' }],
    },
  };
}
