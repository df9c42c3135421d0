import type { GpuSelection } from './flags/gpus.js';
import type { NvidiaGpu } from './facts.js';
import type { GpuRequirements } from './labels.js';
import type { NvidiaSignal } from './nvidia-signal.js';
import { refuse, type Refusal } from './refusal.js';
import { compareVersions, runsOn } from './versions.js';

/** What the comparison said: fit, with what could not be compared, or a refusal. */
export type Preflight = { readonly notes: readonly string[] } | Refusal;

/** Compares driver and compute capability with what an image asks for, before anything is pulled or started. */
export function checkRequirements(
  requirements: GpuRequirements | undefined,
  signal: NvidiaSignal,
  selection: GpuSelection,
): Preflight {
  if (requirements === undefined)
    return { notes: ["the image's labels state no GPU requirements; nothing was compared"] };
  if (signal.kind !== 'present') return { notes: ['driver and compute capability could not be compared'] };
  const { minDriver, cudaVersion, architectures } = requirements;
  const { driverVersion } = signal;
  if (minDriver !== undefined && driverVersion !== undefined && compareVersions(driverVersion, minDriver) < 0) {
    return refuse(
      `driver ${driverVersion} is older than ${minDriver}, which the image's CUDA${cudaVersion === undefined ? '' : ` ${cudaVersion}`} needs`,
      `upgrade the NVIDIA driver to ${minDriver} or newer, or use --variant cpu`,
    );
  }
  return checkCapabilities(architectures, selected(signal.gpus, selection));
}

/** The GPUs that a selection names; all where an id is not in the list. */
export function selected(gpus: readonly NvidiaGpu[], selection: GpuSelection): readonly NvidiaGpu[] {
  if (selection.kind === 'all') return gpus;
  if (selection.kind === 'count') return gpus.slice(0, selection.count);
  const isNamed = ({ index, uuid, migDevices }: NvidiaGpu): boolean =>
    selection.ids.some(
      (id) => id.split(':')[0] === String(index) || id === uuid || migDevices.some((mig) => mig.uuid === id),
    );
  return gpus.filter(isNamed);
}

function checkCapabilities(architectures: readonly string[], gpus: readonly NvidiaGpu[]): Preflight {
  if (architectures.length === 0) return { notes: [] };
  const told = gpus.filter(({ computeCapability }) => computeCapability !== undefined);
  if (told.length === 0) return { notes: ['the compute capability could not be asked'] };
  const unfit = told.filter(({ computeCapability = '' }) => !runsOn(architectures, computeCapability));
  const names = unfit.map(({ index, name, computeCapability = '' }) => `GPU ${index} (${name}, ${computeCapability})`);
  if (unfit.length === 0) return { notes: [] };
  const text = `the image holds no code for ${names.join(', ')}; it was compiled for ${architectures.join(', ')}`;
  if (unfit.length < told.length) return { notes: [text] };
  const wanted = (unfit[0]?.computeCapability ?? '').replace('.', '');
  return refuse(
    text,
    `build for it: launch build --variant cuda --build-arg CUDA_ARCHS=${wanted}-real, or use --variant cpu`,
  );
}
