/** Where OpenTelemetry's API keeps what a program has registered with it. */
const registered = Symbol.for('opentelemetry.js.api.1');

/** Headers by which a server continues the trace that is active here (`traceparent` and its like); none, and nothing loaded, in a program without OpenTelemetry. */
export async function traceHeaders(): Promise<Readonly<Record<string, string>>> {
  if (!(registered in globalThis)) return {};
  const { context, propagation } = await import('@opentelemetry/api');
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}
