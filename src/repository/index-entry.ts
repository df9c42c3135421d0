import type { ModelEntry } from './model-entry.js';
import type { ModelReadiness, VersionState } from './types.js';
import type { VersionSlot } from './version-slot.js';
import type { RepositoryIndexEntry, RepositoryState } from '../protocol/types.js';

/** How far the versions of a model are that are to be served; a model without any has one line without a version. */
export function readinessOf(entry: ModelEntry): readonly ModelReadiness[] {
  const { name, problem } = entry;
  if (entry.isNew) return [{ model: name, state: 'loading', code: 'MODEL_NOT_READY', message: describeNew(name) }];
  if (entry.slots.length > 0) {
    return entry.slots.filter((slot) => entry.isWanted(slot)).map((slot) => readinessOfSlot(name, slot));
  }
  if (problem === undefined) return [];
  return [{ model: name, state: 'failed', code: 'MODEL_INVALID', message: `Model '${name}': ${problem}.` }];
}

function readinessOfSlot(model: string, slot: VersionSlot): ModelReadiness {
  const { version, state, failure, servable } = slot;
  if (servable?.lost !== undefined) {
    const text = `Model '${model}' version ${version} is loaded in no worker: ${servable.lost}. Load it again.`;
    return { model, version, state: 'failed', code: 'WORKER_LOST', message: text };
  }
  if (servable !== undefined) return { model, version, state: 'ready' };
  const message = describeSlot(model, slot);
  if (state.state !== 'failed') return { model, version, state: 'loading', code: 'MODEL_NOT_READY', message };
  return { model, version, state: 'failed', code: failure?.code ?? 'MODEL_INVALID', message };
}

const states: Readonly<Record<VersionState['state'], RepositoryState>> = {
  loading: 'LOADING',
  ready: 'READY',
  unloading: 'UNLOADING',
  unloaded: 'UNAVAILABLE',
  failed: 'UNAVAILABLE',
};

/** A version's line in the repository's index; one that no worker holds is not available, and a ready one carries the reason where a later load failed. */
export function indexEntry(
  { name, problem = '' }: Pick<ModelEntry, 'name' | 'problem'>,
  { version, state, failure, servable }: VersionSlot,
): RepositoryIndexEntry {
  if (servable?.lost !== undefined) return { name, version, state: 'UNAVAILABLE', reason: servable.lost };
  const reason = state.state === 'unloaded' ? state.reason : (failure?.message ?? problem);
  return { name, version, state: states[state.state], reason };
}

/** Why a model serves no version while its folder has not been looked into yet. */
export function describeNew(name: string): string {
  return `Model '${name}' is loading.`;
}

/** Why a version does not serve, as a sentence. */
export function describeSlot(name: string, { version, state }: VersionSlot): string {
  if (state.state === 'failed') return state.reason;
  if (state.state === 'unloaded') return `Model '${name}' version ${version} is not loaded: ${state.reason}.`;
  return `Model '${name}' version ${version} is ${state.state}.`;
}
