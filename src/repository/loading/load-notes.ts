import type { Placement } from '../../engine/engine.js';
import type { ModelJson } from '../../model/config-schema.js';
import type { ImageConfig, ModelConfig, OnnxHeader, ProviderName } from '../../model/config.js';
import { imagesARun } from '../../model/image-input.js';
import type { LoadedSession } from '../../workers/runner.js';
import type { Snapshot } from '../files/snapshot.js';

/** What the model's own list led to, and where a provider was given the model and left it to the CPU. */
export function notesOnProvider(
  { execution }: ModelJson,
  { provider, reason }: { readonly provider: ProviderName; readonly reason: string },
  { device, nodes }: Placement,
): readonly string[] {
  const choice = execution?.providers === undefined ? [] : [`Execution provider: ${reason}.`];
  if (provider === 'cpu') return choice;
  if (device === 'cpu')
    return [...choice, `It computes on the CPU: ${provider} works here and leaves every node to it.`];
  const onCpu = nodes['CPUExecutionProvider'] ?? 0;
  const all = Object.values(nodes).reduce((sum, count) => sum + count, 0);
  return onCpu === 0 ? choice : [...choice, `${onCpu} of ${all} nodes run on the CPU: ${provider} leaves them to it.`];
}

/** Where the runtime computes the graph nearly as the file has it, since its optimiser fails on it. */
export function notesOnOptimiser({ optimiserFault }: Placement): readonly string[] {
  if (optimiserFault === undefined) return [];
  return [
    `It may be slower than it could be: ONNX Runtime's optimiser makes a graph of it that cannot be loaded (${optimiserFault}), so that it runs with less of it.`,
  ];
}

/** Where `mean` and `std` look like those of pixels from 0 to 255, but apply to pixels from 0 to 1, since no scale was named. */
export function notesOnImage({ image: asked }: ModelJson, image: ImageConfig | undefined): readonly string[] {
  if (image === undefined || asked?.scale !== undefined || image.scale === 1) return [];
  if (![...image.mean, ...image.std].some((value) => Math.abs(value) > 1)) return [];
  return [
    `image.mean ${image.mean.join(', ')} and image.std ${image.std.join(', ')} apply to pixels from 0 to 1, since image.scale is 1/255 ` +
      `where it is not set. If they are meant for pixels from 0 to 255, set "scale": 1.`,
  ];
}

/** What is served otherwise than the file has it; and where it is read from, where that is not a private copy. */
export function notesOnFiles({ header, isPrivate, reason = '' }: Snapshot): readonly string[] {
  if (isPrivate) return header.adaptations;
  return [
    ...header.adaptations,
    `The model's files are used in place, since no private copy could be made (${reason}): do not change them while they are served.`,
  ];
}

/** Where the file fixes how many images a run takes. */
export function notesOnFixedImages(config: ModelConfig, header: OnnxHeader): readonly string[] {
  const images = imagesARun(config, header);
  if (images === undefined) return [];
  return [
    `Its file fixes ${images} images a run: where fewer are left, copies of the last one fill it, and what it answers to them is dropped.`,
  ];
}

/** Why the model has processes of its own, where it has. */
export function notesOnProcesses(
  { hazard = '' }: OnnxHeader,
  { apart, instances }: Pick<LoadedSession, 'apart' | 'instances'>,
): readonly string[] {
  if (!apart) return [];
  const processes = instances === 1 ? 'a process' : `${instances} processes`;
  return [`It runs in ${processes} of its own: ${hazard}. instances.cpu in model.json sets how many.`];
}
