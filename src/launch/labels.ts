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
  /** Of a Swarm's networks, secrets and configs: the service that they are for. */
  service: 'slipway.service',
  /** Of a Swarm's service: its image as it was asked for. */
  image: 'slipway.image',
  /** Of a Swarm's service: how many replicas it has where it is not stopped. */
  replicas: 'slipway.replicas',
} as const;

/** Whether a container, service, image or network is the launcher's own. */
export function isManaged(labels: Readonly<Record<string, string>>): boolean {
  return labels[containerLabels.managed] === 'true';
}

/** Variants that are containers. */
export type ContainerVariant = 'cpu' | 'gpu' | 'cuda';

/** All variants that run in a container. */
export const containerVariants: readonly ContainerVariant[] = ['cpu', 'gpu', 'cuda'];

/** The tag under which a variant is built and looked for. */
export function imageOf(variant: ContainerVariant): string {
  return `slipway:${variant}`;
}
