import type { GpuSelection } from './flags/gpus.js';
import type { NvidiaGpu } from './facts.js';
import { refuse, type Refusal } from './refusal.js';

/** `all`, `0,2` or UUIDs: the value of NVIDIA_VISIBLE_DEVICES. */
export function visibleDevices(selection: GpuSelection): string {
  if (selection.kind === 'all') return 'all';
  if (selection.kind === 'count') return Array.from({ length: selection.count }, (_, index) => String(index)).join(',');
  return selection.ids.join(',');
}

/** Refuses a selection that names a GPU which nvidia-smi does not list; an empty list checks nothing. */
export function checkSelection(selection: GpuSelection, gpus: readonly NvidiaGpu[]): Refusal | undefined {
  if (gpus.length === 0 || selection.kind === 'all') return undefined;
  const available = gpus.map(({ index, uuid }) => `${index} (${uuid})`).join(', ');
  if (selection.kind === 'count') {
    if (selection.count <= gpus.length) return undefined;
    return refuse(
      `${selection.count} GPUs were asked for, but the host has ${gpus.length}`,
      `--gpus all, or choose from ${available}`,
    );
  }
  const isKnown = (id: string): boolean => gpus.some((gpu) => matches(gpu, id));
  const missing = selection.ids.find((id) => !isKnown(id));
  if (missing === undefined) return undefined;
  return refuse(`there is no GPU ${missing}`, `choose from ${available} (nvidia-smi -L lists MIG devices too)`);
}

function matches({ index, uuid, migDevices }: NvidiaGpu, id: string): boolean {
  const [gpu, instance] = id.split(':');
  if (gpu === String(index)) return instance === undefined || Number(instance) < Math.max(migDevices.length, 1);
  return uuid.startsWith(id) || migDevices.some((mig) => mig.uuid === id);
}

/** CDI names of a selection, chosen from those that are offered; an empty offer is not checked. */
export function cdiNames(
  selection: GpuSelection,
  offered: readonly string[],
  gpus: readonly NvidiaGpu[],
): readonly string[] | Refusal {
  const prefix = 'nvidia.com/gpu=';
  const has = (name: string): boolean => offered.length === 0 || offered.includes(name);
  if (selection.kind === 'all') {
    return has(`${prefix}all`) ? [`${prefix}all`] : offered.filter((name) => name.startsWith(prefix));
  }
  const names = visibleDevices(selection)
    .split(',')
    .map((id) => {
      const index = gpus.find(({ uuid }) => uuid === id)?.index;
      return has(prefix + id) || index === undefined ? prefix + id : `${prefix}${index}`;
    });
  const missing = names.find((name) => !has(name));
  if (missing === undefined) return names;
  return refuse(`the engine offers no CDI device ${missing}`, `choose from ${offered.join(', ')}`);
}
