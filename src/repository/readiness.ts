import { describeNew, describeSlot } from './index-entry.js';
import type { ModelEntry } from './model-entry.js';
import type { ModelReadiness } from './types.js';
import type { VersionSlot } from './version-slot.js';

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
    const text = `Model '${model}' version ${version} is held by no worker: ${servable.lost}. Load it again.`;
    return { model, version, state: 'failed', code: 'WORKER_LOST', message: text };
  }
  if (servable !== undefined) return { model, version, state: 'ready' };
  const message = describeSlot(model, slot);
  if (state.state !== 'failed') return { model, version, state: 'loading', code: 'MODEL_NOT_READY', message };
  return { model, version, state: 'failed', code: failure?.code ?? 'MODEL_INVALID', message };
}
