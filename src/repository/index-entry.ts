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

/** A version's line in the repository's index; a ready one carries the reason where a later load failed. */
export function indexEntry(
  { name, problem = '' }: Pick<ModelEntry, 'name' | 'problem'>,
  { version, state, failure }: VersionSlot,
): RepositoryIndexEntry {
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
