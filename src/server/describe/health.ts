import type { HealthReason, ServerHealth, ServerState } from '../../protocol/server-health.js';
import type { ModelReadiness } from '../../repository/types.js';
import { hidePaths } from './private-paths.js';
import type { ReadyWhen } from '../settings/settings.js';

/** What is known of a server that has looked into its models' folder. */
export interface ServingFacts {
  readonly models: readonly ModelReadiness[];
  readonly readyWhen: ReadyWhen;
  /** Whether every model of the start has become ready or failed. */
  readonly isStartOver: boolean;
}

type Unready = Exclude<ModelReadiness, { state: 'ready' }>;

/** Judges a server by its models: the one place that says whether it is ready, not yet, or never. */
export function judgeHealth({ models, readyWhen, isStartOver }: ServingFacts): ServerHealth {
  const state = stateOf(models);
  const serves = models.some((model) => model.state === 'ready');
  return {
    ready: state === 'ready' || (readyWhen === 'some' && isStartOver && serves),
    state,
    reasons: toReasons(models.filter((model) => model.state !== 'ready')),
    ...groupModels(models),
  };
}

/** Most reasons, and most names of one state, that are told: the index has them all. */
const mostTold = 50;

/** The first reasons, where there are more those first that do not pass, and how many there are beside them. */
function toReasons(models: readonly Unready[]): readonly HealthReason[] {
  if (models.length <= mostTold) return models.map(toReason);
  const sorted = models.toSorted((a, b) => Number(b.state === 'failed') - Number(a.state === 'failed'));
  const rest = sorted.slice(mostTold);
  const [{ code } = { code: 'MODEL_NOT_READY' }] = rest;
  const failed = rest.filter(({ state }) => state === 'failed').length;
  const message = `${rest.length} more models or versions are not ready, ${failed} of them for good: POST /v2/repository/index lists them all.`;
  return [...sorted.slice(0, mostTold).map(toReason), { code, final: failed > 0, message }];
}

/** Health of a server that has no models to look at: it begins, it ends, or it could not begin. */
export function healthWithoutModels(
  state: 'starting' | 'failed' | 'draining',
  { code, message }: Pick<HealthReason, 'code' | 'message'>,
): ServerHealth {
  const reasons = [{ code, final: state !== 'starting', message: short(message) }];
  return { ready: false, state, reasons, models: { ready: [], loading: [], failed: [] } };
}

function stateOf(models: readonly ModelReadiness[]): ServerState {
  const states = new Set(models.map(({ state }) => state));
  if (states.has('loading')) return 'starting';
  if (!states.has('failed')) return 'ready';
  return states.has('ready') ? 'degraded' : 'failed';
}

/** A model with several versions stands where its worst version does. */
function groupModels(models: readonly ModelReadiness[]): Pick<ServerHealth, 'models' | 'counts'> {
  const named = (wanted: ModelReadiness['state']) =>
    new Set(models.flatMap(({ state, model }) => (state === wanted ? [model] : [])));
  const [isFailed, isLoading, isReady] = [named('failed'), named('loading'), named('ready')];
  const ready = [...isReady].filter((name) => !isFailed.has(name) && !isLoading.has(name));
  const loading = [...isLoading].filter((name) => !isFailed.has(name));
  const failed = [...isFailed];
  const first = (names: readonly string[]) => names.slice(0, mostTold);
  const counts = { ready: ready.length, loading: loading.length, failed: failed.length };
  return {
    models: { ready: first(ready), loading: first(loading), failed: first(failed) },
    ...(Math.max(...Object.values(counts)) > mostTold ? { counts } : {}),
  };
}

function toReason({ state, code, model, version, message }: Unready): HealthReason {
  return {
    code,
    final: state === 'failed',
    model,
    ...(version === undefined ? {} : { version }),
    message: short(message),
  };
}

/** The whole reason stands in the index and in the log. */
const longestReason = 600;

function short(message: string): string {
  const text = hidePaths(message);
  return text.length <= longestReason ? text : `${text.slice(0, longestReason).replace(/\s\S*$/, '')} ...`;
}
