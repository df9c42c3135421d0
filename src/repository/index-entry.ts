import type { RepositoryIndexEntry, RepositoryState } from '../protocol/types.js';
import type { ModelEntry } from './model-entry.js';
import type { VersionState } from './types.js';
import type { VersionSlot } from './version-slot.js';

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
