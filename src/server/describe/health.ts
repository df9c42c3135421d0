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

/** Judges a server by its models: the one place that says whether it is ready, not yet, or never. */
export function judgeHealth({ models, readyWhen, isStartOver }: ServingFacts): ServerHealth {
  const state = stateOf(models);
  const serves = models.some((model) => model.state === 'ready');
  const reasons = models.flatMap((model) => (model.state === 'ready' ? [] : [toReason(model)]));
  return {
    ready: state === 'ready' || (readyWhen === 'some' && isStartOver && serves),
    state,
    reasons,
    models: groupModels(models),
  };
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
function groupModels(models: readonly ModelReadiness[]): ServerHealth['models'] {
  const named = (wanted: ModelReadiness['state']) =>
    new Set(models.flatMap(({ state, model }) => (state === wanted ? [model] : [])));
  const [failed, loading, ready] = [named('failed'), named('loading'), named('ready')];
  return {
    ready: [...ready].filter((name) => !failed.has(name) && !loading.has(name)),
    loading: [...loading].filter((name) => !failed.has(name)),
    failed: [...failed],
  };
}

function toReason({ state, code, model, version, message }: Exclude<ModelReadiness, { state: 'ready' }>): HealthReason {
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
