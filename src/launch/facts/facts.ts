import type { EngineInfo } from '../docker/types.js';
import type { GpuHindrance } from './gpu-state.js';

/** What a probe learned, or why it could not ask. "None" is a known, empty value: never confused with unknown. */
export type Fact<T> =
  | { readonly state: 'known'; readonly value: T; readonly evidence: string }
  | { readonly state: 'unknown'; readonly reason: string };

/** A fact with its evidence. */
export function known<T>(value: T, evidence: string): Fact<T> {
  return { state: 'known', value, evidence };
}

/** A fact that could not be determined, and why. */
export function couldNotAsk(reason: string): Fact<never> {
  return { state: 'unknown', reason };
}

/** One NVIDIA GPU as nvidia-smi lists it. What an old driver or an integrated GPU does not tell is undefined. */
export interface NvidiaGpu {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly memoryMiB?: number;
  /** `8.9`. */
  readonly computeCapability?: string;
  /** Brand in one word, as NVIDIA's container tools compare it: `geforce`, `nvidia`. */
  readonly brand?: string;
  readonly migDevices: readonly MigDevice[];
  /** Absent where nothing is told against it. */
  readonly hindrances?: readonly GpuHindrance[];
}

/** A slice of a GPU (Multi-Instance GPU). */
export interface MigDevice {
  readonly name: string;
  readonly uuid: string;
}

/** What nvidia-smi says of the driver. `broken` carries NVML's code, which is its exit code. */
export type NvidiaDriver =
  | { readonly kind: 'absent' }
  | { readonly kind: 'broken'; readonly exitCode: number; readonly cause: string; readonly text: string }
  | {
      readonly kind: 'working';
      readonly version: string;
      /** Highest CUDA that the driver runs: `12.9`. */
      readonly maxCuda?: string;
      readonly gpus: readonly NvidiaGpu[];
    };

/** What /proc/driver/nvidia says: the kernel module, no program needed. */
export type NvidiaModule =
  | { readonly kind: 'absent' }
  | { readonly kind: 'loaded'; readonly version: string; readonly gpus: readonly { model: string; uuid: string }[] };

/** Who makes a GPU. */
export type GpuVendor = 'nvidia' | 'amd' | 'intel';

/** A display controller on the PCI bus: hardware, whether a driver runs it or not. */
export interface PciGpu {
  readonly vendor: GpuVendor;
  /** `0000:01:00.0`. */
  readonly address: string;
  /** Vendor's device number, `0x2684`. */
  readonly device: string;
  /** Kernel driver bound to it: `nvidia`, `nouveau`, `vfio-pci`; undefined for none. */
  readonly driver?: string;
}

/** A device file that a GPU's driver makes. */
export interface DeviceNode {
  readonly path: string;
  /** Numeric owner group, for --group-add. */
  readonly gid: number;
}

/** A device that a CDI spec file offers: `nvidia.com/gpu=0`. */
export interface CdiDevice {
  readonly name: string;
  readonly file: string;
  /** What the file says of this host that is not so any more: it was written for another driver. */
  readonly stale?: string;
}

/** The operating system of a machine. */
export interface HostSystem {
  readonly platform: NodeJS.Platform;
  readonly architecture: string;
  readonly kernel: string;
  readonly hostname: string;
  readonly isWsl: boolean;
  /** NVIDIA Tegra: GPUs come by the runtime alone. */
  readonly isJetson: boolean;
}

/** What was learned about the machine on which the engine runs its containers. */
export interface HostFacts {
  readonly system: Fact<HostSystem>;
  readonly nvidiaDriver: Fact<NvidiaDriver>;
  readonly nvidiaModule: Fact<NvidiaModule>;
  readonly pciGpus: Fact<readonly PciGpu[]>;
  readonly deviceNodes: Fact<readonly DeviceNode[]>;
  readonly cdiDevices: Fact<readonly CdiDevice[]>;
  /** NVIDIA container toolkit's programs on PATH, with the version where one tells. */
  readonly toolkit: Fact<readonly string[]>;
}

/** An image on the engine. */
export interface ImageFacts {
  readonly id: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Its variables; read of images that may be started here. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Where the engine is, and whether this machine's files speak for it. */
export interface EngineFacts {
  readonly url: string;
  readonly source: string;
  readonly context?: string;
  readonly remoteHost?: string;
  readonly info: EngineInfo;
  readonly images: Fact<readonly ImageFacts[]>;
}

/** A path that a flag names, on the engine's host. */
export type PathState =
  | { readonly kind: 'file' }
  /** `models`: names of those that the server would find in it; absent where nobody looked. */
  | { readonly kind: 'folder'; readonly models?: readonly string[] }
  | { readonly kind: 'device'; readonly gid: number }
  | { readonly kind: 'missing' };

/** Everything that the decision rests on. */
export interface Facts {
  readonly host: HostFacts;
  readonly engine: Fact<EngineFacts>;
  /** Variants whose Dockerfile is at hand. */
  readonly buildable: readonly string[];
  readonly paths: Readonly<Record<string, Fact<PathState>>>;
  /** Security options that name a file of this machine, each as the engine takes it: with the file's text. */
  readonly profiles: Readonly<Record<string, string>>;
}
