/** Labels that our images carry, for the preflight: what they hold and what they ask of a host. */
export const imageLabels = {
  /** `cpu`, `gpu` or `cuda`. */
  variant: 'slipway.variant',
  /** ONNX Runtime's version: `1.30.0`. */
  ortVersion: 'slipway.ort.version',
  /** CUDA's version: `12.8`. Absent on cpu images. */
  cudaVersion: 'slipway.cuda.version',
  /** cuDNN's version; `none` where it was left out. */
  cudnnVersion: 'slipway.cudnn.version',
  /** Lowest NVIDIA driver on Linux: `525.60.13`. */
  minDriver: 'slipway.cuda.min-driver',
  /** What the CUDA code was compiled for, separated by `;`: `75-real`, `90a-real`, `90-virtual`; a plain number is real. */
  architectures: 'slipway.cuda.architectures',
} as const;

/** Labels that our containers carry. */
export const containerLabels = {
  /** `true` on everything that the launcher started. */
  managed: 'slipway.managed',
  variant: 'slipway.variant',
  /** Fingerprint of what was asked for: the same one is reused. */
  config: 'slipway.config',
  /** How a GPU reaches the container: `cdi`, `runtime`, `gpus`; empty for none. */
  gpuPath: 'slipway.gpu-path',
  /** Port of the server inside the container. */
  port: 'slipway.port',
  /** Folder of the project whose launcher started it. */
  project: 'slipway.project',
  /** `user@machine` that started it. */
  owner: 'slipway.owner',
} as const;

/** Variants that are containers. */
export type ContainerVariant = 'cpu' | 'gpu' | 'cuda';

export const containerVariants: readonly ContainerVariant[] = ['cpu', 'gpu', 'cuda'];

/** The tag under which a variant is built and looked for. */
export function imageOf(variant: ContainerVariant): string {
  return `slipway:${variant}`;
}

/** What an image asks of the host's GPU. */
export interface GpuRequirements {
  readonly cudaVersion?: string;
  readonly minDriver?: string;
  readonly architectures: readonly string[];
}

/** What our own Dockerfiles ask for, for the preflight of an image that is not there yet. */
export const variantRequirements: Readonly<Record<'gpu' | 'cuda', GpuRequirements>> = {
  gpu: {
    cudaVersion: '13.0',
    minDriver: '580.65.06',
    architectures: ['75-real', '80-real', '86-real', '89-real', '90a-real', '120a-real'],
  },
  cuda: {
    cudaVersion: '12.8',
    minDriver: '525.60.13',
    architectures: ['75-real', '80-real', '86-real', '89-real', '90-real', '90-virtual'],
  },
};

/** Lowest Linux driver for a CUDA major by minor-version compatibility (CUDA release notes, table 2). */
const driverOfCudaMajor: Readonly<Record<string, string>> = { 11: '450.80.02', 12: '525.60.13', 13: '580.65.06' };

/** The requirements that an image's labels state; undefined for an image without CUDA. */
export function requirementsOf(labels: Readonly<Record<string, string>>): GpuRequirements | undefined {
  const cudaVersion = labels[imageLabels.cudaVersion];
  const architectures = (labels[imageLabels.architectures] ?? '').split(/[;,\s]+/).filter((name) => name !== '');
  const minDriver = labels[imageLabels.minDriver] ?? driverOfCudaMajor[cudaVersion?.split('.')[0] ?? ''];
  if (cudaVersion === undefined && minDriver === undefined && architectures.length === 0) return undefined;
  return {
    ...(cudaVersion === undefined ? {} : { cudaVersion }),
    ...(minDriver === undefined ? {} : { minDriver }),
    architectures,
  };
}
