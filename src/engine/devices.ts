import type { ProviderName } from '../model/config.js';
import type { ProviderProof } from './providers.js';

/** On which GPUs a model gets a replica. */
export interface DeviceChoice {
  readonly deviceIds: readonly number[];
  /** For people: what was found, where more than one GPU was asked for. */
  readonly note?: string;
}

/** How GPUs are found. */
export interface DeviceFinderOptions {
  /** Tries one GPU. */
  readonly prove: (provider: ProviderName, deviceId: number) => Promise<ProviderProof>;
  /** How many GPUs the machine has at most; undefined where nobody knows. */
  readonly countGpus: () => Promise<number | undefined>;
}

/** Which GPUs of a provider that works on the first of them a model is to have. */
export type DeviceFinder = (provider: ProviderName, wanted: number | 'all') => Promise<DeviceChoice>;

/** As many as model.json may ask for. */
const mostGpus = 64;

interface Found {
  readonly works: readonly number[];
  readonly failed: readonly string[];
}

/**
 * Finds the GPUs that work beside the first, each tried once, in a process of its own, and only when a model asks for more than one. Where
 * the number of GPUs is known every one is tried, else one after another until one does not work.
 */
export function createDeviceFinder(options: DeviceFinderOptions): DeviceFinder {
  const known = new Map<ProviderName, Promise<Found>>();
  return async (provider, wanted) => {
    if (wanted === 1) return { deviceIds: [0] };
    if (provider === 'webgpu') return { deviceIds: [0], note: noteOn(wanted, 'webgpu has one adapter') };
    const found = known.get(provider) ?? findAll(provider, options);
    known.set(provider, found);
    const { works, failed } = await found;
    const deviceIds = wanted === 'all' ? works : works.slice(0, wanted);
    const names = deviceIds.map((id) => `${provider}:${id}`).join(', ');
    const isShort = wanted === 'all' || deviceIds.length < wanted;
    const others = isShort && failed.length > 0 ? `; ${failed.join('; ')}` : '';
    return { deviceIds, note: noteOn(wanted, `it has ${deviceIds.length} (${names})${others}`) };
  };
}

const noteOn = (wanted: number | 'all', what: string): string => `instances.gpu asks for ${wanted}: ${what}.`;

async function findAll(provider: ProviderName, { prove, countGpus }: DeviceFinderOptions): Promise<Found> {
  const count = await countGpus();
  const works = [0];
  const failed: string[] = [];
  const take = (id: number, proof: ProviderProof): void => {
    if (proof.works) works.push(id);
    else failed.push(`${provider}:${id} does not work: ${proof.reason}`);
  };
  if (count !== undefined) {
    const others = Array.from({ length: Math.min(count, mostGpus) - 1 }, (_, n) => n + 1);
    const proofs = await Promise.all(others.map(async (id) => ({ id, proof: await prove(provider, id) })));
    for (const { id, proof } of proofs) take(id, proof);
  } else for (let id = 1; id < mostGpus && failed.length === 0; id += 1) take(id, await prove(provider, id));
  return { works, failed };
}
