import type { DeviceChoice } from '../../engine/devices.js';
import type { ModelConfig, ProviderName, OnnxHeader } from '../../model/config.js';
import { imageInputOf } from '../../model/image-input.js';
import type { LoadOptions } from '../../workers/runner.js';
import { countBytes, filesOf, type Snapshot } from '../files/snapshot.js';
import { AppError } from '../../errors.js';

/** What the weights of all instances on a GPU may take together where model.json does not say: little even of a small one. */
const mostBytes = 512 * 2 ** 20;
/**
 * A run waits for its kernels to be launched one after another, while the GPU has little to do: on an H200 four at once served 2.4 times
 * the rate of one, of a small detector and of a net of ResNet-50's size.
 */
const mostPerGpu = 4;

/** What decides where the sessions of a version run. */
export interface Placing {
  readonly config: ModelConfig;
  readonly choice: DeviceChoice & { readonly provider: ProviderName };
  readonly snapshot: Pick<Snapshot, 'modelPath' | 'header'>;
  /** CPUs of this server: launching the kernels of a run keeps one busy. */
  readonly cpus: number;
}

/** Where a model runs: in processes of its own where its graph has a hazard; and what runs there may bring. */
export async function placeModel(placing: Placing): Promise<Omit<LoadOptions, 'next'>> {
  const { config, snapshot } = placing;
  const apart = snapshot.header.hazard !== undefined;
  return {
    image: imageInputOf(config, snapshot.header.inputs),
    instances: config.instances.cpu,
    deviceIds: await placeInstances(placing),
    apart,
    ...(apart && { fileBytes: await countBytes(filesOf(snapshot)) }),
    mayRunInline: mayRunInline(snapshot.header),
    mayRunWide: config.execution.intraOpThreads === undefined,
  };
}

/** The GPU of each instance, every GPU once before any has a second. */
async function placeInstances({ config: { instances }, choice, snapshot, cpus }: Placing): Promise<readonly number[]> {
  const { provider, deviceIds } = choice;
  const isShared = provider === 'cuda' || provider === 'tensorrt';
  if (!isShared || snapshot.header.hazard !== undefined) return deviceIds;
  const count = instances.perGpu === 'auto' ? countPerGpu(await countBytes(filesOf(snapshot)), cpus) : instances.perGpu;
  return Array.from({ length: count }, () => deviceIds).flat();
}

/** Instances on one GPU of a model whose files have so many bytes. */
export function countPerGpu(bytes: number, cpus: number): number {
  return Math.max(1, Math.floor(Math.min(mostPerGpu, cpus, mostBytes / Math.max(1, bytes))));
}

/** Operators whose cost follows the values of a request and not its shape alone. */
const valueDriven = [
  'Loop',
  'Scan',
  'If',
  'Expand',
  'Tile',
  'ConstantOfShape',
  'Range',
  'OneHot',
  'Pad',
  'Resize',
  'Upsample',
  'NonZero',
];

/**
 * Whether a model's cheap runs may run on the HTTP thread: what a run costs must follow from the shapes of its inputs, and no value
 * may end the process there; operators of other domains are not known well enough.
 */
export function mayRunInline({ operators, hazard }: Pick<OnnxHeader, 'operators' | 'hazard'>): boolean {
  const isKnown = (operator: string): boolean => !operator.includes(':') && !valueDriven.includes(operator);
  return hazard === undefined && Object.keys(operators).every(isKnown);
}

/**
 * The settings of a model in one of several processes that are one server: its part of what model.json gives for the whole. Throws
 * MODEL_INVALID for a model with state, whose requests would reach processes that do not have it, and for one that its model.json sends to
 * a GPU, of which each process would hold a copy there.
 */
export function divideConfig(config: ModelConfig, provider: ProviderName, processes: number): ModelConfig {
  if (processes === 1) return config;
  if (config.sequences !== undefined) {
    const text = `It keeps the state of sequences, which would be in one of ${processes} HTTP loops, while each request may reach any.`;
    throw new AppError('MODEL_INVALID', `${text} Start the server without --http-loops ${processes}.`);
  }
  if (provider !== 'cpu') {
    const text = `Its model.json asks for ${config.execution.providers.join(', ')}, so that each of ${processes} HTTP loops would hold a copy by ${provider}.`;
    const advice = `Set execution.providers to ["cpu"], or start the server without --http-loops ${processes}.`;
    throw new AppError('MODEL_INVALID', `${text} ${advice}`);
  }
  const { batching, instances } = config;
  const partOf = (total: number): number => Math.max(1, Math.floor(total / processes));
  return {
    ...config,
    batching: { ...batching, maxQueueRows: partOf(batching.maxQueueRows) },
    instances: { ...instances, cpu: instances.cpu === 'auto' ? 'auto' : partOf(instances.cpu) },
  };
}
