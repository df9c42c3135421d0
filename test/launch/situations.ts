import assert from 'node:assert/strict';
import type { EngineInfo } from '../../src/launch/docker/types.js';
import {
  couldNotAsk,
  known,
  type EngineFacts,
  type Fact,
  type Facts,
  type HostFacts,
  type ImageFacts,
  type NvidiaDriver,
} from '../../src/launch/facts/facts.js';
import { hostOutOfReach } from '../../src/launch/facts/host-facts.js';
import type { Decision } from '../../src/launch/decide/plan-types.js';
import { plainRequest, type ContainerRequest, type LaunchRequest } from '../../src/launch/request/request.js';

const emptyHost: HostFacts = {
  system: known(
    { platform: 'linux', architecture: 'amd64', kernel: '6.8', hostname: 'box', isWsl: false, isJetson: false },
    'linux',
  ),
  nvidiaDriver: known({ kind: 'absent' }, 'no nvidia-smi on PATH'),
  nvidiaModule: known({ kind: 'absent' }, 'no /proc/driver/nvidia/version'),
  pciGpus: known([], 'nothing in /sys/bus/pci/devices'),
  deviceNodes: known([], 'nothing in /dev'),
  cdiDevices: known([], 'nothing in /etc/cdi'),
  toolkit: known([], 'no toolkit'),
};

/** Two GPUs under a driver. */
export function drivenBy(
  version: string,
  computeCapability: string,
  { name, brand }: { readonly name: string; readonly brand?: string } = { name: 'NVIDIA L4', brand: 'nvidia' },
): Fact<NvidiaDriver> {
  const gpus = [0, 1].map((index) => ({
    index,
    name,
    uuid: `GPU-${index}`,
    memoryMiB: 23034,
    computeCapability,
    ...(brand === undefined ? {} : { brand }),
    migDevices: [],
  }));
  return known({ kind: 'working', version, gpus }, `nvidia-smi: driver ${version}, ${name}, ${name}`);
}

const specFiles = known(
  ['0', '1', 'all'].map((name) => ({ name: `nvidia.com/gpu=${name}`, file: '/etc/cdi/nvidia.yaml' })),
  'nvidia.com/gpu=0, nvidia.com/gpu=1, nvidia.com/gpu=all',
);
const card = { vendor: 'nvidia', address: '0000:01:00.0', device: '0x2684' } as const;

/** Hosts by name; `elsewhere` is one that this machine's files cannot speak for. */
export const hosts = {
  bare: emptyHost,
  l4: { ...emptyHost, nvidiaDriver: drivenBy('580.95.05', '8.9'), cdiDevices: specFiles },
  oldDriver: { ...emptyHost, nvidiaDriver: drivenBy('470.199.02', '8.0') },
  oldGpu: { ...emptyHost, nvidiaDriver: drivenBy('580.95.05', '3.7') },
  broken: {
    ...emptyHost,
    nvidiaDriver: known(
      { kind: 'broken', exitCode: 18, cause: 'versions differ', text: 'mismatch' },
      'nvidia-smi: mismatch',
    ),
  },
  moduleOnly: {
    ...emptyHost,
    nvidiaModule: known(
      { kind: 'loaded', version: '580.95.05', gpus: [{ model: 'NVIDIA L4', uuid: 'GPU-0' }] },
      '/proc/driver/nvidia',
    ),
  },
  noDriver: { ...emptyHost, pciGpus: known([{ ...card, driver: 'nouveau' }], 'nvidia 0x2684') },
  amd: { ...emptyHost, pciGpus: known([{ ...card, vendor: 'amd', driver: 'amdgpu' }], 'amd 0x2684') },
  hangs: { ...emptyHost, nvidiaDriver: couldNotAsk('nvidia-smi did not answer within 5 s') },
  jetson: {
    ...emptyHost,
    system: known(
      { platform: 'linux', architecture: 'arm64', kernel: '5.15', hostname: 'orin', isWsl: false, isJetson: true },
      'linux arm64 Jetson',
    ),
  },
  elsewhere: hostOutOfReach('the engine runs on gpubox'),
} satisfies Record<string, HostFacts>;

const info: EngineInfo = {
  kind: 'docker',
  version: '26.1.5',
  apiVersion: '1.45',
  minApiVersion: '1.24',
  osType: 'linux',
  operatingSystem: 'Debian GNU/Linux 13',
  architecture: 'amd64',
  kernel: '6.8',
  hostname: 'box',
  cpus: 8,
  memoryBytes: 2 ** 34,
  rootless: false,
  runtimes: ['io.containerd.runc.v2', 'runc'],
  defaultRuntime: 'runc',
  cdiSpecDirs: [],
  cgroupDriver: 'systemd',
  cgroupVersion: '2',
  storageDriver: 'overlay2',
  dataRoot: '/var/lib/docker',
  securityOptions: [],
  warnings: [],
};
const withRuntime = ['io.containerd.runc.v2', 'nvidia', 'runc'];
const cdiDirs = ['/etc/cdi', '/var/run/cdi'];
const listed = ['nvidia.com/gpu=0', 'nvidia.com/gpu=1', 'nvidia.com/gpu=all'];
const oldInfo: EngineInfo = { ...withoutCdi(info), version: '20.10.24', apiVersion: '1.41' };

/** Engine facts around an `/info`. */
export function engine(change: Partial<EngineInfo> = {}, images: readonly ImageFacts[] = []): Fact<EngineFacts> {
  return known(
    {
      url: 'unix:///var/run/docker.sock',
      source: 'default',
      info: { ...info, ...change },
      images: known(images, `${images.length} images`),
    },
    'engine answers',
  );
}

/** Engines by name. */
export const engines = {
  none: couldNotAsk('No container engine answers at unix:///var/run/docker.sock'),
  old: known({ url: 'unix:///x', source: 'default', info: oldInfo, images: known([], 'none') }, 'engine answers'),
  plain: engine(),
  runtime: engine({ runtimes: withRuntime }),
  cdiFiles: engine({ cdiSpecDirs: cdiDirs }),
  cdiListed: engine({ version: '28.5.2', cdiSpecDirs: cdiDirs, cdiDevices: listed }),
  cdiEmpty: engine({ version: '28.5.2', cdiSpecDirs: cdiDirs, cdiDevices: [] }),
  everything: engine({ version: '28.5.2', cdiSpecDirs: cdiDirs, cdiDevices: listed, runtimes: withRuntime }),
  podman: engine({ kind: 'podman', version: '5.4.0' }),
  windows: engine({ osType: 'windows' }),
  arm: engine({ architecture: 'arm64', runtimes: withRuntime }),
} satisfies Record<string, Fact<EngineFacts>>;

/** A request for nothing special, changed as told. */
export function request(
  change: Partial<Omit<LaunchRequest, 'container'>> = {},
  containerChange: Partial<ContainerRequest> = {},
): LaunchRequest {
  return { ...plainRequest, ...change, container: { ...plainRequest.container, ...containerChange } };
}

/** Facts of a host and an engine; every Dockerfile is at hand. */
export function facts(host: keyof typeof hosts, on: keyof typeof engines, change: Partial<Facts> = {}): Facts {
  return {
    host: hosts[host],
    engine: engines[on],
    buildable: ['cpu', 'gpu', 'cuda'],
    paths: {},
    profiles: {},
    ...change,
  };
}

function withoutCdi({ cdiSpecDirs, ...rest }: EngineInfo): EngineInfo {
  assert.ok(cdiSpecDirs !== undefined);
  return rest;
}

/** `gpu by cdi`, `cpu`, `refused DEVICE_UNAVAILABLE`: a decision in a few words. */
export function inWords(decision: Decision): string {
  if (decision.kind === 'refused') return `refused ${decision.refusal.code}`;
  const { plan } = decision;
  return plan.kind === 'container' && plan.gpu !== undefined ? `${plan.variant} by ${plan.gpu.kind}` : plan.variant;
}
