import type { Container, EnvVar, PodSpec, Probe, ResourceRequirements } from 'kubernetes-types/core/v1.js';
import type { Deployed } from '../../cluster/deployed.js';
import { forKubernetes } from '../../cluster/reader-escapes.js';
import { readVariables } from '../../text/variables.js';
import { readServerSettings, settingOf, type ServerSettings } from '../../cluster/server-settings.js';
import { toStorage, type Storage } from './storage.js';

/** What a pod needs beside its container; a Deployment's pod and KServe's runtime have the same. */
export interface PodParts {
  readonly container: Container;
  readonly pod: Omit<PodSpec, 'containers'>;
}

/** Seconds in which every balancer learns that a pod ends; only then does the server hear of it. */
const noticeSeconds = 5;

/** A server's pod, locked down: no root, nothing writable but /tmp, no capabilities, no token of the cluster's. */
export function toPod(deployed: Deployed, escape: (text: string) => string = forKubernetes): PodParts {
  const { spec, cluster, pull } = deployed;
  const settings = settingsOf(deployed);
  const storage = toStorage(deployed);
  const { body } = spec;
  return {
    container: {
      name: 'slipway',
      image: body.Image,
      imagePullPolicy: ({ missing: 'IfNotPresent', always: 'Always', never: 'Never' } as const)[pull],
      ...(body.Cmd === undefined ? {} : { args: body.Cmd.map(escape) }),
      env: toEnv(deployed, settings, storage).map(({ name, value = '' }) => ({ name, value: escape(value) })),
      ports: toPorts(deployed, settings),
      resources: toResources(deployed),
      ...toProbes(settings),
      lifecycle: { preStop: { sleep: { seconds: noticeSeconds } } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: [...body.HostConfig.CapDrop], ...addedCapabilities(body.HostConfig.CapAdd) },
      },
      volumeMounts: [...storage.mounts],
    },
    pod: {
      ...(storage.initContainers.length === 0 ? {} : { initContainers: [...storage.initContainers] }),
      volumes: [...storage.volumes],
      securityContext: toPodSecurity(deployed),
      automountServiceAccountToken: false,
      // Else a service named slipway would set SLIPWAY_PORT.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: noticeSeconds + Math.ceil(settings.stopMs / 1000) + 5,
      ...toPlacement(deployed),
      ...(cluster.pullSecrets.length === 0 ? {} : { imagePullSecrets: cluster.pullSecrets.map((name) => ({ name })) }),
    },
  };
}

/** What the server of a deployment was told about its ports and its end. */
export function settingsOf({ spec, ports }: Deployed): ServerSettings {
  return readServerSettings(spec, ports[0]?.container ?? 8000);
}

function addedCapabilities(added: readonly string[]): { add?: string[] } {
  return added.length === 0 ? {} : { add: [...added] };
}

function toEnv({ spec, cluster }: Deployed, settings: ServerSettings, storage: Storage): readonly EnvVar[] {
  const given = Object.entries(readVariables(spec.body.Env)).map(([name, value]) => ({ name, value }));
  const ours: readonly EnvVar[] = [
    { name: 'SLIPWAY_LOG_FORMAT', value: 'json' },
    { name: 'SLIPWAY_HEALTH_PORT', value: String(settings.healthPort) },
    ...(storage.modelsFolder === undefined ? [] : [{ name: 'SLIPWAY_MODELS', value: storage.modelsFolder }]),
    ...(cluster.keysSecret === undefined
      ? []
      : [
          { name: 'SLIPWAY_API_KEYS_FILE', value: '/run/secrets/slipway/api-keys' },
          { name: 'SLIPWAY_OPEN_METRICS', value: 'true' },
        ]),
  ];
  const isSaid = (name: string): boolean =>
    settingOf(spec, name.slice('SLIPWAY_'.length).toLowerCase().replaceAll('_', '-')) !== undefined;
  return [...ours.filter(({ name }) => !isSaid(name)), ...given];
}

function toPorts({ ports }: Deployed, { healthPort }: ServerSettings): NonNullable<Container['ports']> {
  return [
    ...ports.map(({ container, protocol }, index) => ({
      name: portName(index, container),
      containerPort: container,
      protocol,
    })),
    { name: 'health', containerPort: healthPort, protocol: 'TCP' },
  ];
}

/** A port's name in pods and services. */
export function portName(index: number, port: number): string {
  return index === 0 ? 'http' : `port-${port}`;
}

/** Health is asked at the port that a thread of its own answers, so that load is never taken for a fault. */
function toProbes({
  healthPort,
  basePath,
}: ServerSettings): Pick<Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'> {
  const ask = (state: string): Probe => ({ httpGet: { path: `${basePath}/v2/health/${state}`, port: healthPort } });
  return {
    // Live from the moment the port is open, before models load: a load, however long, ends no pod.
    startupProbe: { ...ask('live'), periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 120 },
    // The port answers 503 itself a minute after the server has turned to nothing new.
    livenessProbe: {
      ...ask('live'),
      ...{ periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
      // What is not live drains nothing: it is not given the time for that.
      terminationGracePeriodSeconds: noticeSeconds + 1,
    },
    readinessProbe: { ...ask('ready'), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 },
  };
}

function toResources({ spec, gpus, cluster }: Deployed): ResourceRequirements {
  const { NanoCpus, Memory } = spec.body.HostConfig;
  const gpu = gpus === 0 ? {} : { [cluster.gpuResource]: String(gpus) };
  const amounts = {
    ...(NanoCpus === undefined ? {} : { cpu: cpus(NanoCpus) }),
    ...(Memory === undefined ? {} : { memory: memory(Memory) }),
    ...gpu,
  };
  return { requests: amounts, limits: { ...amounts } };
}

function cpus(nanoCpus: number): string {
  return nanoCpus % 1e9 === 0 ? String(nanoCpus / 1e9) : `${Math.ceil(nanoCpus / 1e6)}m`;
}

function memory(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}Mi` : String(bytes);
}

function toPodSecurity({ spec }: Deployed): NonNullable<PodSpec['securityContext']> {
  const { User = '1000:1000', HostConfig } = spec.body;
  const [user = '1000', group = user] = User.split(':');
  return {
    runAsNonRoot: user !== '0',
    runAsUser: Number(user),
    runAsGroup: Number(group),
    // Claims and secrets are readable for the server's own group.
    fsGroup: Number(group),
    fsGroupChangePolicy: 'OnRootMismatch',
    ...(HostConfig.GroupAdd.length === 0 ? {} : { supplementalGroups: HostConfig.GroupAdd.map(Number) }),
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

function toPlacement({ cluster, gpus, architecture }: Deployed): Partial<PodSpec> {
  const spread = (topologyKey: string) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'ScheduleAnyway' as const,
    labelSelector: { matchLabels: selectorOf(cluster.name) },
    matchLabelKeys: ['pod-template-hash'],
  });
  return {
    topologySpreadConstraints: [spread('topology.kubernetes.io/zone'), spread('kubernetes.io/hostname')],
    ...(architecture === undefined ? {} : { nodeSelector: { 'kubernetes.io/arch': architecture } }),
    ...(gpus === 0 ? {} : { tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }] }),
  };
}

/** The labels by which a deployment's pods are found; they can never change. */
export function selectorOf(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': 'slipway', 'app.kubernetes.io/instance': name };
}
