import { readTelemetryPlan } from './plan.js';
import type { OpenOptions, Telemetry } from './telemetry.js';

/** Starts sending what the OTEL_* variables ask for; without an endpoint nothing of the SDK is loaded. */
export async function openTelemetry(options: OpenOptions): Promise<Telemetry | undefined> {
  const { env, log } = options;
  const plan = readTelemetryPlan(env);
  const { traces, metrics, notes } = plan;
  for (const note of notes) log.warn({ reason: note }, 'telemetry');
  if (traces === undefined && metrics === undefined) return undefined;
  const { startSdk } = await import('./sdk.js');
  const telemetry = await startSdk(plan, options);
  log.info({ traces, metrics }, 'telemetry is sent');
  return telemetry;
}
