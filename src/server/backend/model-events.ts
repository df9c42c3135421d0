import type { ModelEvent, OnModelEvent } from '../../repository/events.js';
import type { BatchingOff, SequencesGone } from '../../repository/servable.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Log } from '../log/log.js';

/** Where events of models are reported. */
export interface ModelEventsOptions {
  readonly log: Log;
  readonly lifecycle: Lifecycle;
  /** The start is told in lines for people, which name every model: then its loads are lines at `debug` only. */
  readonly isStartTold: boolean;
  /** Hears of every event too, for counts. */
  readonly count: OnModelEvent;
}

/** One line of the log for every load, reload, repair, failure and unload of a model. */
export function createModelEvents({ log, lifecycle, isStartTold, count }: ModelEventsOptions): OnModelEvent {
  return (event) => {
    count(event);
    lifecycle.changed();
    const isQuiet =
      lifecycle.phase.kind === 'stopping' ||
      (isStartTold && !lifecycle.isStartOver) ||
      (event.kind === 'failure' && event.isRepeated);
    log[isQuiet ? 'debug' : levelOf(event)](factsOf(event), textOf(event));
  };
}

function levelOf(event: ModelEvent): 'info' | 'warn' | 'error' {
  if (event.kind === 'unfinished') return 'warn';
  if (event.kind !== 'failure') return 'info';
  return event.isServing ? 'warn' : 'error';
}

function textOf(event: ModelEvent): string {
  switch (event.kind) {
    case 'load':
      return 'model loaded';
    case 'reload':
      return 'model reloaded';
    case 'repair':
      return 'model repaired: it serves again';
    case 'recovery':
      return "model's folder repaired: it matches the serving model again";
    case 'unfinished':
      return 'the unloaded model has requests that do not end: the workers release it when they do';
    case 'unload':
      return 'model unloaded';
    case 'failure':
      return event.isServing ? 'model failed to reload: the previous load keeps serving' : 'model failed to load';
  }
}

function factsOf(event: ModelEvent): object {
  switch (event.kind) {
    case 'failure': {
      const { model, version, code, reason, ms } = event;
      return { model, ...(version === undefined ? {} : { version }), ms: Math.round(ms), code, reason };
    }
    case 'recovery':
      return { model: event.model };
    case 'unfinished':
      return { model: event.model, version: event.version, waitedMs: event.waitedMs };
    case 'unload':
      return { model: event.model, version: event.version, reason: event.reason };
    default: {
      const { model, version, ms, servable } = event;
      const { devices, instances, notes, weights, trial, providerReason } = servable;
      const facts = { device: devices.join(','), provider: providerReason, instances, weights, trial };
      return { model, version, ms: Math.round(ms), ...facts, ...(notes.length > 0 ? { notes } : {}) };
    }
  }
}

/** Says that requests for a model do not run together any more. */
export function logBatchingOff(log: Log, { model, version, fault }: BatchingOff): void {
  const facts = { model, version, ...fault };
  if (fault.kind === 'differs') {
    log.error(facts, 'batching turned off: an answer from a shared run differs from the same request alone');
  } else log.warn(facts, 'batching turned off: requests cannot run together');
}

/** Says that state of sequences is gone: their next requests are refused until they begin again. */
export function logSequencesGone(log: Log, { why, ...facts }: SequencesGone): void {
  if (why === 'expired') log.info(facts, 'sequences expired: they had no request for longer than sequences.maxIdleMs');
  else log.warn(facts, 'state of running sequences dropped with the load that kept it');
}
