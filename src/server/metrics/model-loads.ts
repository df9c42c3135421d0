import type { Registry } from 'prom-client';
import type { ModelEvent } from '../../repository/events.js';
import type { ModelReadiness } from '../../repository/types.js';
import type { CrashRecord } from '../../repository/crashes/crash-store.js';
import { register, type Sample } from './exposition.js';

/** What a load came to; `reloaded` where it took over from an earlier one, `repaired` after a failure. */
const results = { load: 'loaded', reload: 'reloaded', repair: 'repaired', failure: 'failed' } as const;

/** Counts the loads and unloads of models since the start; those of models that are gone stay. */
export class ModelLoads {
  readonly #loads = new Map<string, Map<string, number>>();
  readonly #unloads = new Map<string, number>();

  record(event: ModelEvent): void {
    const { kind, model } = event;
    if (kind === 'recovery' || kind === 'unfinished') return;
    if (kind === 'unload') {
      add(this.#unloads, model);
      return;
    }
    const counts = this.#loads.get(model) ?? new Map<string, number>();
    this.#loads.set(model, counts);
    add(counts, results[kind]);
  }

  loads(): readonly Sample[] {
    return [...this.#loads].flatMap(([model, counts]) =>
      [...counts].map(([result, value]) => ({ labels: { model, result }, value })),
    );
  }

  unloads(): readonly Sample[] {
    return [...this.#unloads].map(([model, value]) => ({ labels: { model }, value }));
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Loads and unloads, and which models that are to be served are ready. */
export function registerLoadMetrics(
  registry: Registry,
  loads: ModelLoads,
  readiness: () => readonly ModelReadiness[],
): void {
  register(registry, {
    name: 'slipway_model_loads_total',
    type: 'counter',
    help: 'Loads of models by result: loaded, reloaded, repaired, failed.',
    read: () => loads.loads(),
  });
  register(registry, {
    name: 'slipway_model_unloads_total',
    type: 'counter',
    help: 'Versions of models that were unloaded.',
    read: () => loads.unloads(),
  });
  register(registry, {
    name: 'slipway_model_ready',
    type: 'gauge',
    help: '1 while a model version serves, 0 while it loads or after it failed.',
    aggregator: 'min',
    read: () =>
      readiness().map(({ model, version = '', state }) => ({
        labels: { model, version },
        value: state === 'ready' ? 1 : 0,
      })),
  });
  register(registry, {
    name: 'slipway_models_not_ready',
    type: 'gauge',
    help: 'Model versions that should serve but do not, by state.',
    aggregator: 'max',
    read: () =>
      (['loading', 'failed'] as const).map((state) => ({
        labels: { state },
        value: readiness().filter((model) => model.state === state).length,
      })),
  });
}

/** Models that the server's process ended with before, and what follows from that. */
export function registerCrashMetrics(registry: Registry, crashes: () => readonly CrashRecord[]): void {
  register(registry, {
    name: 'slipway_model_crashes',
    type: 'gauge',
    help: "Crashes of the server, or of the model's own process, attributed to a model version; state: suspect, proven, quarantined, cleared.",
    aggregator: 'max',
    read: () => sumByLabels(crashes()),
  });
}

/** One sample for each model, version and state: a name may stand for several models, of other repositories or of other days. */
function sumByLabels(records: readonly CrashRecord[]): readonly Sample[] {
  const sums = new Map<string, Sample>();
  for (const { model, state, crashes: ends, faults } of records) {
    const labels = { model: model.replace(/\/[^/]*$/, ''), version: model.replace(/^.*\//, ''), state };
    const key = JSON.stringify(labels);
    sums.set(key, { labels, value: (sums.get(key)?.value ?? 0) + ends + faults });
  }
  return [...sums.values()];
}
