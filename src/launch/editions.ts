import { omitUndefined } from '../omit-undefined.js';
import { containerVariants, imageLabels, imageOf } from './labels.js';

/** What an image asks of the host's GPU. */
export interface GpuRequirements {
  readonly cudaVersion?: string;
  readonly minDriver?: string;
  readonly architectures: readonly string[];
  /** What NVIDIA's container tools check when the container starts; undefined where the image says nothing, and `minDriver` decides. */
  readonly conditions?: readonly string[];
}

/** One of the images that a variant's Dockerfile makes. */
export interface Edition {
  readonly tag: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** For the preflight of an image that is not there yet. */
  readonly requirements: GpuRequirements;
}

/** The branches whose drivers NVIDIA's compatibility libraries for CUDA 13.0 stand on, and the brands that they support. */
const compatibleBranches = [535, 550, 565, 570, 575];
const compatibleBrands = 'unknown grid tesla nvidia quadro quadrortx nvidiartx vapps vpc vcs vws cloudgaming'.split(
  ' ',
);

/** NVIDIA_REQUIRE_CUDA of NVIDIA's own images for CUDA 13.0, which hold those libraries. */
export const cuda13Condition = [
  'cuda>=13.0',
  ...compatibleBranches.flatMap((branch) =>
    compatibleBrands.map((brand) => `brand=${brand},driver>=${branch},driver<${branch + 1}`),
  ),
].join(' ');

/** What each GPU variant's Dockerfile can make, the newest first. */
export const editions: Readonly<Record<'gpu' | 'cuda', readonly Edition[]>> = {
  gpu: [
    {
      tag: 'slipway:gpu',
      buildArgs: {},
      requirements: {
        cudaVersion: '13.0',
        minDriver: '580.65.06',
        architectures: ['75-real', '80-real', '86-real', '89-real', '90a-real', '120a-real'],
        conditions: [cuda13Condition],
      },
    },
    {
      tag: 'slipway:gpu-cuda12',
      buildArgs: { CUDA_MAJOR: '12' },
      requirements: {
        cudaVersion: '12.8',
        minDriver: '525.60.13',
        architectures: ['60-real', '70-real', '75-real', '80-real', '86-real', '90-real', '90-virtual'],
        conditions: ['cuda>=12.0'],
      },
    },
  ],
  cuda: [
    {
      tag: 'slipway:cuda',
      buildArgs: {},
      requirements: {
        cudaVersion: '12.8',
        minDriver: '525.60.13',
        architectures: ['75-real', '80-real', '86-real', '89-real', '90-real', '90-virtual'],
      },
    },
  ],
};

/** Why no image with CUDA is made for an architecture; undefined where it is, or the architecture is not known. */
export function explainNoCudaImage(architecture: string): string | undefined {
  if (architecture === 'amd64' || architecture === '') return undefined;
  return "the images with CUDA, gpu and cuda, are built for amd64 alone: ONNX Runtime's CUDA provider is published for it alone, and the recipe from source takes NVIDIA's packages for it";
}

/** Architectures that a text of platforms names, as engines call them: `linux/x86_64,linux/arm64/v8` is amd64 and arm64. */
export function architecturesOf(platforms: string): readonly string[] {
  const usual: Readonly<Record<string, string>> = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' };
  return platforms.split(',').map((platform) => {
    const name = (platform.split('/')[1] ?? (platform === 'linux' ? '' : platform)).trim();
    return usual[name] ?? name;
  });
}

/** The tags under which our images are built and looked for. */
export const ownTags: readonly string[] = [
  ...new Set([
    ...containerVariants.map(imageOf),
    ...Object.values(editions).flatMap((all) => all.map(({ tag }) => tag)),
  ]),
];

/** Lowest Linux driver for a CUDA major by minor-version compatibility (CUDA release notes, table 2). */
const driverOfCudaMajor: Readonly<Record<string, string>> = { 11: '450.80.02', 12: '525.60.13', 13: '580.65.06' };

/** The requirements that an image's labels and the container's variables state; undefined for an image without CUDA. */
export function requirementsOf(
  labels: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): GpuRequirements | undefined {
  const cudaVersion = labels[imageLabels.cudaVersion];
  const architectures = (labels[imageLabels.architectures] ?? '').split(/[;,\s]+/).filter((name) => name !== '');
  const minDriver = labels[imageLabels.minDriver] ?? driverOfCudaMajor[cudaVersion?.split('.')[0] ?? ''];
  const conditions = conditionsOf(env);
  if (cudaVersion === undefined && minDriver === undefined && architectures.length === 0 && conditions === undefined)
    return undefined;
  return {
    ...omitUndefined({ cudaVersion, minDriver }),
    architectures,
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/**
 * The conditions in a container's variables, as NVIDIA's container toolkit gathers them: every NVIDIA_REQUIRE_*, for old images
 * CUDA_VERSION; none where NVIDIA_DISABLE_REQUIRE is true. Undefined where nothing is said.
 */
export function conditionsOf(env: Readonly<Record<string, string>>): readonly string[] | undefined {
  if (/^(1|t|T|true|TRUE|True)$/.test(env['NVIDIA_DISABLE_REQUIRE'] ?? '')) return [];
  const named = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith('NVIDIA_REQUIRE_') && !name.startsWith('NVIDIA_REQUIRE_JETPACK') ? [value] : [],
  );
  const old = /^v?(\d+(?:\.\d+)?)/.exec(env['CUDA_VERSION'] ?? '')?.[1];
  if (old !== undefined && (env['NVIDIA_REQUIRE_CUDA'] ?? '') === '') named.push(`cuda>=${old}`);
  return named.length === 0 ? undefined : named;
}
