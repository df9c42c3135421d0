import { omitUndefined } from '../../../omit-undefined.js';
import { checkCondition, type DriverFacts } from './driver-condition.js';
import type { GpuRequirements } from '../../editions.js';
import type { NvidiaGpu } from '../../facts/facts.js';
import type { GpuSelection } from '../../request/flags/gpus.js';
import type { NvidiaSignal } from './nvidia-signal.js';
import { refuse, type Refusal } from '../refusal.js';
import { compareVersions, runsOn } from './versions.js';

/** What the comparison said: fit, with what could not be compared, or a refusal. */
export type Preflight = { readonly notes: readonly string[] } | Refusal;

type PresentSignal = Extract<NvidiaSignal, { kind: 'present' }>;

/** Compares driver and compute capability with what an image asks for, before anything is pulled or started. */
export function checkRequirements(
  requirements: GpuRequirements | undefined,
  signal: NvidiaSignal,
  selection: GpuSelection,
): Preflight {
  if (requirements === undefined)
    return { notes: ["the image's labels state no GPU requirements; nothing was compared"] };
  if (signal.kind !== 'present') return { notes: ['driver and compute capability could not be compared'] };
  const gpus = selected(signal.gpus, selection);
  return checkDriver(requirements, signal, gpus) ?? checkCapabilities(requirements.architectures, gpus);
}

/** The GPUs that a selection names; all where an id is not in the list. */
function selected(gpus: readonly NvidiaGpu[], selection: GpuSelection): readonly NvidiaGpu[] {
  if (selection.kind === 'all') return gpus;
  if (selection.kind === 'count') return gpus.slice(0, selection.count);
  const isNamed = ({ index, uuid, migDevices }: NvidiaGpu): boolean =>
    selection.ids.some(
      (id) => id.split(':')[0] === String(index) || id === uuid || migDevices.some((mig) => mig.uuid === id),
    );
  return gpus.filter(isNamed);
}

/** The image's own conditions, for every GPU as NVIDIA's container tools check them; where it states none, its oldest driver. */
function checkDriver(
  requirements: GpuRequirements,
  signal: PresentSignal,
  gpus: readonly NvidiaGpu[],
): Refusal | undefined {
  const { conditions, minDriver, cudaVersion } = requirements;
  const { driverVersion } = signal;
  const fix = `upgrade the NVIDIA driver${minDriver === undefined ? '' : ` to ${minDriver} or newer`}, or use --variant cpu`;
  if (conditions !== undefined) return checkConditions(conditions, { signal, gpus, fix });
  if (minDriver === undefined || driverVersion === undefined || compareVersions(driverVersion, minDriver) >= 0)
    return undefined;
  const cuda = cudaVersion === undefined ? '' : ` ${cudaVersion}`;
  return refuse(`driver ${driverVersion} is older than ${minDriver}, which the image's CUDA${cuda} needs`, fix);
}

interface Checked {
  readonly signal: PresentSignal;
  readonly gpus: readonly NvidiaGpu[];
  readonly fix: string;
}

function checkConditions(conditions: readonly string[], { signal, gpus, fix }: Checked): Refusal | undefined {
  const { driverVersion: driver, maxCuda: cuda } = signal;
  const common = omitUndefined({ driver, cuda });
  for (const gpu of gpus.length === 0 ? [undefined] : gpus) {
    const { brand, computeCapability: arch } = gpu ?? {};
    const facts = { ...common, ...omitUndefined({ brand, arch }) };
    for (const condition of conditions) {
      const verdict = checkCondition(condition, facts);
      if (verdict === 'unreadable')
        return refuse(
          `NVIDIA's container tools cannot read what the image asks of a driver, "${condition}"`,
          'correct its NVIDIA_REQUIRE_ variable, or -e NVIDIA_DISABLE_REQUIRE=true',
        );
      if (verdict === 'unmet') return refuse(describeUnmet(condition, gpu, facts), fix);
    }
  }
  return undefined;
}

function describeUnmet(condition: string, gpu: NvidiaGpu | undefined, { driver, cuda }: DriverFacts): string {
  const [first = '', ...others] = condition.split(' ').filter((group) => group !== '');
  const runs = cuda === undefined ? '' : `, which runs CUDA ${cuda},`;
  const brand = gpu?.brand === undefined ? '' : ` of brand ${gpu.brand}`;
  const which = gpu === undefined ? '' : ` with GPU ${gpu.index} (${gpu.name}${brand})`;
  const more = others.length === 0 ? '' : `, or one of ${others.length} pairs of a brand and a driver branch`;
  return `driver ${driver ?? 'unknown'}${runs}${which} is not what the image asks for: ${first}${more}`;
}

function checkCapabilities(architectures: readonly string[], gpus: readonly NvidiaGpu[]): Preflight {
  if (architectures.length === 0) return { notes: [] };
  const told = gpus.filter(({ computeCapability }) => computeCapability !== undefined);
  if (told.length === 0) return { notes: ['the compute capability could not be determined'] };
  const unfit = told.filter(({ computeCapability = '' }) => !runsOn(architectures, computeCapability));
  const names = unfit.map(({ index, name, computeCapability = '' }) => `GPU ${index} (${name}, ${computeCapability})`);
  if (unfit.length === 0) return { notes: [] };
  const text = `the image has no code for ${names.join(', ')}; it was compiled for ${architectures.join(', ')}`;
  if (unfit.length < told.length) return { notes: [text] };
  const wanted = (unfit[0]?.computeCapability ?? '').replace('.', '');
  return refuse(
    text,
    `build for it: launch build --variant cuda --build-arg CUDA_ARCHS=${wanted}-real, or use --variant cpu`,
  );
}
