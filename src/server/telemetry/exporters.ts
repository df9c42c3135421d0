import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Protocol, SignalPlan } from './plan.js';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { Log } from '../log/log.js';

/** The exporter of spans for a protocol; it reads the standard variables. */
export async function createSpanExporter(protocol: Protocol): Promise<SpanExporter> {
  switch (protocol) {
    case 'http/protobuf':
      return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter();
    case 'http/json':
      return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter();
    case 'grpc':
      return new (await import('@opentelemetry/exporter-trace-otlp-grpc')).OTLPTraceExporter();
  }
}

/** The exporter of metrics for a protocol; it reads the standard variables. */
export async function createMetricExporter(protocol: Protocol): Promise<PushMetricExporter> {
  switch (protocol) {
    case 'http/protobuf':
      return new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter();
    case 'http/json':
      return new (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter();
    case 'grpc':
      return new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter();
  }
}

/** What is asked of an exporter, whatever it sends. */
interface Exporter<T> {
  export(items: T, onResult: (result: ExportResult) => void): void;
}

/** What is sent, and where failures are told. */
interface Watching<T> extends SignalPlan {
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
