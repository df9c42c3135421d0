import type { Service } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyEgressRule } from 'kubernetes-types/networking/v1.js';
import type { Deployed } from '../../cluster/deployed.js';
import { portName, selectorOf, settingsOf } from './pod.js';
import { isRemote, parseLocation } from '../../../store/location.js';
import { settingOf } from '../../cluster/server-settings.js';
import { readVariables } from '../../text/variables.js';

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

type Variables = Readonly<Record<string, string>>;

/** Where EKS and ECS tell a container its credentials. */
const roleAddresses = ['169.254.170.2/32', '169.254.170.23/32'];

/**
 * What a server may call: nobody, unless it fetches its models itself or sends traces and metrics. A policy knows addresses and no names, so
 * that the ports of those places are open to any address, and the cluster's DNS.
 */
function toEgress({ spec }: Deployed): NetworkPolicyEgressRule[] {
  const env = readVariables(spec.body.Env);
  const models = settingOf(spec, 'models') ?? '';
  const place = isRemote(models) ? models : undefined;
  const ports = [...(place === undefined ? [] : portsOfPlace(place, env)), ...portsOfUrls(env, telemetry)];
  if (ports.length === 0) return [];
  const tcp = [...new Set(ports)].sort((one, other) => one - other);
  return [
    { ports: (['UDP', 'TCP'] as const).map((protocol) => ({ port: 53, protocol })) },
    { ports: tcp.map((port) => ({ port, protocol: 'TCP' })) },
    ...(place?.startsWith('s3:') === true
      ? [{ to: roleAddresses.map((cidr) => ({ ipBlock: { cidr } })), ports: [{ port: 80, protocol: 'TCP' }] }]
      : []),
  ];
}

const telemetry = /^OTEL_EXPORTER_OTLP(_TRACES|_METRICS)?_ENDPOINT$/;
const proxies = /^https?_proxy$/i;

/** Registries and hubs send on to where the bytes are, which is port 443 there as well. */
function portsOfPlace(text: string, env: Variables): readonly number[] {
  const place = parseLocation(text);
  const own = {
    http: () => (place.kind === 'http' ? [portOf(place.url.href)] : []),
    s3: () => portsOfUrls(env, /^AWS_ENDPOINT_URL(_S3)?$/),
    hf: () => portsOfUrls(env, /^HF_ENDPOINT$/),
    oci: () => (place.kind === 'oci' ? [portOf(`${place.isPlain ? 'http' : 'https'}://${place.registry}`)] : []),
  }[place.kind]();
  const isNamed = own.length > 0;
  return [...own, ...(isNamed && place.kind !== 'oci' ? [] : [443]), ...portsOfUrls(env, proxies)];
}

function portsOfUrls(env: Variables, names: RegExp): readonly number[] {
  return Object.entries(env).flatMap(([name, url]) => (names.test(name) && URL.canParse(url) ? [portOf(url)] : []));
}

function portOf(text: string): number {
  const { port, protocol } = new URL(text);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
