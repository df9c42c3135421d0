import { diag, DiagLogLevel } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { messageOf } from '../../errors.js';
import type { Log } from '../log/log.js';

/** A message that differs in its numbers alone is told again after this time. */
const silenceMs = 3_600_000;
const mostTexts = 100;

/** Brings what the SDK warns of into the log, each kind of message once an hour. Failed exports are told by their exporters. */
export function tellSdkMessages(log: Log, clock: () => number): void {
  const told = new Map<string, number>();
  const tell = (...parts: readonly unknown[]): void => {
    const message = parts.map(messageOf).join(' ');
    const kind = message.replaceAll(/\d+/g, '0');
    const nowMs = clock();
    if (nowMs - (told.get(kind) ?? -Infinity) < silenceMs) return;
    if (told.size >= mostTexts) told.clear();
    told.set(kind, nowMs);
    log.warn({ reason: message }, 'OpenTelemetry');
  };
  const ignore = (): void => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  setGlobalErrorHandler(ignore);
}
