import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { omitUndefined } from '../../omit-undefined.js';
import { containerLabels } from '../labels.js';
import type { Facts } from '../facts/facts.js';
import { originLabels } from '../request/origin.js';
import type { ContainerPlan } from '../decide/plan-types.js';
import { toGpuParts, type GpuParts, toMounts } from './spec-parts.js';
import type { ContainerSpec, CreateBody, HostConfig } from './spec-types.js';
import { nvidiaCdiDevices, publishedPorts, type ContainerRequest, type LaunchRequest } from '../request/request.js';

/** A shell where the image has one, bash before sh. */
const shell = ['/bin/sh', '-c', 'exec "$(command -v bash || command -v sh)"'];

/** What a container depends on beside the request: names of the engine's host, groups of device files, texts of security profiles. */
type KnownFacts = Pick<Facts, 'engine' | 'paths' | 'profiles'>;

/** From a plan to the container's options, complete. Pure: the same request and plan give the same container. */
export function toContainerSpec(request: LaunchRequest, plan: ContainerPlan, facts: KnownFacts): ContainerSpec {
  const gpu = toGpuParts(plan.gpu);
  const base = toBody({ request, plan, gpu, facts });
  const configHash = hashOf({ ...base, HostConfig: withProfiles(base.HostConfig, facts.profiles) });
  const labels = {
    ...base.Labels,
    [containerLabels.managed]: 'true',
    [containerLabels.variant]: plan.variant,
    [containerLabels.config]: configHash,
    [containerLabels.gpuPath]: plan.gpu?.kind ?? '',
    [containerLabels.port]: String(request.serverPort),
    ...(request.origin === undefined ? {} : originLabels(request.origin)),
  };
  const { platform, name } = request.container;
  return {
    name: name ?? `slipway-${plan.variant}-${configHash.slice(0, 6)}`,
    isNamed: name !== undefined,
    variant: plan.variant,
    configHash,
    ...(platform === undefined ? {} : { platform }),
    body: { ...base, Labels: labels },
  };
}

/** Options with the text of each security profile in place of its file's name, as docker sends them: the engine reads no files of its clients. */
export function withProfiles(host: HostConfig, profiles: Facts['profiles']): HostConfig {
  return { ...host, SecurityOpt: host.SecurityOpt.map((option) => profiles[option] ?? option) };
}

interface Sources {
  readonly request: LaunchRequest;
  readonly plan: ContainerPlan;
  readonly gpu: GpuParts;
  readonly facts: KnownFacts;
}

function toBody(sources: Sources): CreateBody {
  const { request, plan } = sources;
  const ports = publishedPorts(request).map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  const isShell = request.mode === 'shell';
  const command = request.serverArgs.length === 0 ? {} : { Cmd: request.serverArgs };
  const { user } = request.container;
  return {
    Image: plan.image.ref,
    Env: Object.entries(toEnv(sources)).map(([name, value]) => `${name}=${value}`),
    Labels: request.container.labels,
    ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])),
    ...(isShell ? shellParts(request.serverArgs) : command),
    ...(user === undefined ? {} : { User: user }),
    ...toStopTimeout(sources.facts),
    Tty: isShell,
    OpenStdin: isShell,
    StdinOnce: isShell,
    HostConfig: toHostConfig(sources),
  };
}

/** Docker's own 10 s, said where it is not the default: Podman 4.3 kills at once what was made without it. */
function toStopTimeout({ engine }: KnownFacts): Pick<CreateBody, 'StopTimeout'> {
  return engine.state === 'known' && engine.value.info.kind === 'podman' ? { StopTimeout: 10 } : {};
}

function shellParts(command: readonly string[]): Pick<CreateBody, 'Entrypoint' | 'Cmd' | 'Healthcheck'> {
  return { Entrypoint: command.length === 0 ? shell : command, Cmd: [], Healthcheck: { Test: ['NONE'] } };
}

/** The user's variables win over ours; dockerd's own for a GPU win over both. */
function toEnv({ request, plan, gpu, facts }: Sources): Readonly<Record<string, string>> {
  const hosts = namesOfHost(facts);
  const isHostNetwork = request.container.network === 'host';
  return {
    ...(plan.requiresGpu ? { SLIPWAY_REQUIRE_GPU: 'true' } : {}),
    ...(plan.variant === 'cpu' ? { SLIPWAY_EXECUTION_PROVIDER: 'cpu' } : {}),
    // The image listens on all addresses, which only a network of its own keeps from being the machine's.
    ...(isHostNetwork ? { SLIPWAY_HOST: '127.0.0.1' } : {}),
    ...(hosts.length === 0 ? {} : { SLIPWAY_ALLOW_HOST: hosts.join(',') }),
    ...gpu.env,
    ...request.container.env,
  };
}

/** Public names of the engine's host, by which others call what is published there, and which a container does not know. */
function namesOfHost({ engine }: KnownFacts): readonly string[] {
  if (engine.state === 'unknown') return [];
  const { remoteHost = '', info } = engine.value;
  return [...new Set([remoteHost, info.hostname])].filter(
    (name) => isIP(name) === 0 && /^[\w-]+(?:\.[\w-]+)+$/.test(name),
  );
}

function toHostConfig(sources: Sources): HostConfig {
  const { request, gpu } = sources;
  const { container } = request;
  return {
    Init: container.init,
    ...toLifetime(request),
    LogConfig: toLogConfig(container),
    SecurityOpt: ['no-new-privileges', ...gpu.securityOptions, ...container.securityOptions],
    CapDrop: container.capDrop,
    CapAdd: container.capAdd,
    PortBindings: toPortBindings(request),
    ...toMounts(container.mounts),
    Tmpfs: { ...(container.readOnly ? { '/tmp': '' } : {}), ...container.tmpfs },
    ...toDevices(sources),
    Ulimits: container.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    ReadonlyRootfs: container.readOnly,
    ...omitUndefined({ Runtime: gpu.runtime, NetworkMode: container.network }),
    ...toLimits(container),
  };
}

/** In the foreground the container goes with the command; detached it outlives it and the machine's restart. */
function toLifetime({ mode, container }: LaunchRequest): Pick<HostConfig, 'AutoRemove' | 'RestartPolicy'> {
  const isDetached = mode === 'detached';
  const hasRestart = container.restart !== undefined && container.restart.name !== 'no';
  const AutoRemove = container.remove ?? (!isDetached && !hasRestart);
  const fallback = { name: isDetached && !AutoRemove ? 'unless-stopped' : 'no', maximumRetries: 0 };
  const { name, maximumRetries } = container.restart ?? fallback;
  return { AutoRemove, RestartPolicy: { Name: name, MaximumRetryCount: maximumRetries } };
}

function toLogConfig({ logDriver, logOptions }: ContainerRequest): HostConfig['LogConfig'] {
  const limits = logDriver === 'json-file' || logDriver === 'local' ? { 'max-size': '10m', 'max-file': '3' } : {};
  return { Type: logDriver, Config: { ...limits, ...logOptions } };
}

function toPortBindings(request: LaunchRequest): HostConfig['PortBindings'] {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { hostIp, hostPort, containerPort, protocol } of publishedPorts(request)) {
    (bindings[`${containerPort}/${protocol}`] ??= []).push({ HostIp: hostIp, HostPort: hostPort });
  }
  return bindings;
}

/** Device files keep their group, or the image's own user could not open a webcam. */
function toDevices({ request, gpu, facts }: Sources): Pick<HostConfig, 'Devices' | 'DeviceRequests' | 'GroupAdd'> {
  const paths = request.container.devices.flatMap((device) => (device.kind === 'path' ? [device] : []));
  const taken = nvidiaCdiDevices(request);
  const otherCdi = request.container.devices.flatMap((device) =>
    device.kind === 'cdi' && !taken.includes(device.name) ? [device.name] : [],
  );
  const groups = paths.flatMap(({ host }) => {
    const fact = facts.paths[host];
    return fact?.state === 'known' && fact.value.kind === 'device' && fact.value.gid !== 0
      ? [String(fact.value.gid)]
      : [];
  });
  return {
    Devices: paths.map(({ host, container, permissions }) => ({
      PathOnHost: host,
      PathInContainer: container,
      CgroupPermissions: permissions,
    })),
    DeviceRequests: [...gpu.deviceRequests, ...(otherCdi.length === 0 ? [] : [{ Driver: 'cdi', DeviceIDs: otherCdi }])],
    GroupAdd: [...new Set([...request.container.groupAdd, ...groups])],
  };
}

function toLimits({ memoryBytes, nanoCpus, shmBytes, pidsLimit }: ContainerRequest): Partial<HostConfig> {
  return omitUndefined({ Memory: memoryBytes, NanoCpus: nanoCpus, ShmSize: shmBytes, PidsLimit: pidsLimit });
}

/** Fingerprint of what runs and how it is reached: lifetimes and names left out, so that -d and foreground are one thing. */
function hashOf({ HostConfig, ...body }: CreateBody): string {
  const config = { ...HostConfig, AutoRemove: undefined, RestartPolicy: undefined };
  return createHash('sha256')
    .update(JSON.stringify([body, config]))
    .digest('hex')
    .slice(0, 32);
}
