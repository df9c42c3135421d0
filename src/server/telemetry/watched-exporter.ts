import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { Log } from '../log/log.js';
import type { SignalPlan } from './plan.js';

/** What is asked of an exporter, whatever it sends. */
interface Exporter<T> {
  export(items: T, onResult: (result: ExportResult) => void): void;
}

/** What is sent, and where failures are told. */
export interface Watching<T> extends SignalPlan {
  readonly signal: 'traces' | 'metrics';
  readonly log: Log;
  /** How much of it there is. */
  readonly count: (items: T) => number;
}

/** Has an exporter say once that nothing arrives any more, and once that it does again with what was lost between. */
export function watchExporter<T>(exporter: Exporter<T>, watching: Watching<T>): void {
  const { signal, endpoint, log, count } = watching;
  const send = exporter.export.bind(exporter);
  let failures = 0;
  let lost = 0;
  exporter.export = (items, onResult) => {
    send(items, (result) => {
      if (result.code === ExportResultCode.SUCCESS) {
        if (failures > 0)
          log.info({ signal, endpoint, failures, lost }, 'telemetry export works again; what was dropped stays lost');
        failures = 0;
        lost = 0;
      } else {
        failures += 1;
        lost += count(items);
        const text = 'telemetry export fails: data is dropped until it works again';
        if (failures === 1) log.warn({ signal, endpoint, reason: reasonOf(result.error) }, text);
      }
      onResult(result);
    });
  };
}

/** Several addresses that refuse are one error without a text of its own. */
function reasonOf(error: Error | undefined): string {
  const { errors, code } = (error ?? {}) as { readonly errors?: readonly Error[]; readonly code?: string | number };
  const text = [error?.message, errors?.[0]?.message].find((message) => message !== undefined && message !== '');
  if (text === undefined) return `no reason given${code === undefined ? '' : ` (${code})`}`;
  return code === undefined || text.includes(String(code)) ? text : `${text} (${code})`;
}
