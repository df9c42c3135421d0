/** Ways in which OTLP travels. */
export type Protocol = 'http/protobuf' | 'http/json' | 'grpc';

/** Where one signal goes. */
export interface SignalPlan {
  readonly protocol: Protocol;
  /** As it may be shown: without a password. */
  readonly endpoint: string;
}

/** Metrics, and how often. */
export interface MetricsPlan extends SignalPlan {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** What the standard variables ask for, and what of them is not done. */
export interface TelemetryPlan {
  readonly traces: SignalPlan | undefined;
  readonly metrics: MetricsPlan | undefined;
  /** Whether requests continue the traces of their clients (`traceparent`). */
  readonly readsParents: boolean;
  readonly notes: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;
type Note = (text: string) => void;

const protocols: readonly Protocol[] = ['http/protobuf', 'http/json', 'grpc'];

/** Reads the OTEL_* variables that decide whether telemetry is sent and how; the SDK reads the others. An empty variable counts as unset. */
export function readTelemetryPlan(env: Env): TelemetryPlan {
  const nothing = { traces: undefined, metrics: undefined, readsParents: false, notes: [] };
  if (valueOf(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return nothing;
  const notes: string[] = [];
  const note: Note = (text) => {
    if (!notes.includes(text)) notes.push(text);
  };
  const traces = readSignal(env, 'TRACES', note);
  const metrics = readSignal(env, 'METRICS', note);
  const logs = namesIn(env, 'OTEL_LOGS_EXPORTER').filter((name) => name !== 'none');
  if (logs.length > 0) {
    note(`OTEL_LOGS_EXPORTER=${logs.join()}: logs are not exported; they go to stderr, with trace_id and span_id.`);
  }
  const propagators = readPropagators(env, traces !== undefined, note);
  return {
    traces,
    metrics: metrics && { ...metrics, ...readTimes(env, note) },
    readsParents: propagators.includes('tracecontext'),
    notes,
  };
}

function readSignal(env: Env, signal: 'TRACES' | 'METRICS', note: Note): SignalPlan | undefined {
  const own = `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`;
  const name = valueOf(env, own) === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : own;
  const endpoint = valueOf(env, name);
  const asked = namesIn(env, `OTEL_${signal}_EXPORTER`);
  const others = asked.filter((exporter) => exporter !== 'otlp' && exporter !== 'none');
  if (others.length > 0) note(`OTEL_${signal}_EXPORTER=${others.join()} is not supported: expected otlp or none.`);
  if (asked.length > 0 && !asked.includes('otlp')) return undefined;
  if (endpoint === undefined) {
    if (asked.length > 0)
      note(`OTEL_${signal}_EXPORTER=otlp without an endpoint sends nothing: set OTEL_EXPORTER_OTLP_ENDPOINT.`);
    return undefined;
  }
  const protocol = readProtocol(env, signal, note);
  const shown = showEndpoint(endpoint, { protocol, suffix: name === own ? '' : `v1/${signal.toLowerCase()}` });
  if (shown === undefined) {
    note(
      `${name} is not a URL for ${protocol}: expected one such as http://collector:4318. No ${signal.toLowerCase()} are sent.`,
    );
    return undefined;
  }
  return { protocol, endpoint: shown };
}

function readProtocol(env: Env, signal: string, note: Note): Protocol {
  const own = `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`;
  const name = valueOf(env, own) === undefined ? 'OTEL_EXPORTER_OTLP_PROTOCOL' : own;
  const value = valueOf(env, name);
  const known = protocols.find((protocol) => protocol === value);
  if (value !== undefined && known === undefined) {
    note(`${name}=${value} is not supported: expected ${protocols.join(', ')}. http/protobuf is used.`);
  }
  return known ?? 'http/protobuf';
}

/** The URL as the SDK uses it, without user and password; undefined where it is none. gRPC may leave the scheme out. */
function showEndpoint(text: string, { protocol, suffix }: { readonly protocol: Protocol; readonly suffix: string }) {
  const whole = protocol === 'grpc' && !text.includes('://') ? `http://${text}` : text;
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (protocol === 'grpc') return url.host;
  return `${url.origin}${url.pathname}${suffix === '' || url.pathname.endsWith('/') ? '' : '/'}${suffix}`;
}

/** The interval and the time limit of an export: no longer than the interval, which the SDK insists on. */
function readTimes(env: Env, note: Note): Pick<MetricsPlan, 'intervalMs' | 'timeoutMs'> {
  const intervalMs = readMs(env, { name: 'OTEL_METRIC_EXPORT_INTERVAL', otherwise: 60_000 }, note);
  const timeoutMs = readMs(env, { name: 'OTEL_METRIC_EXPORT_TIMEOUT', otherwise: 30_000 }, note);
  return { intervalMs, timeoutMs: Math.min(timeoutMs, intervalMs) };
}

function readMs(
  env: Env,
  { name, otherwise }: { readonly name: string; readonly otherwise: number },
  note: Note,
): number {
  const text = valueOf(env, name);
  if (text === undefined) return otherwise;
  const ms = Number(text);
  if (Number.isInteger(ms) && ms > 0 && ms < 2 ** 31) return ms;
  note(`${name}=${text} is not a number of milliseconds: ${otherwise} is used.`);
  return otherwise;
}

function readPropagators(env: Env, hasTraces: boolean, note: Note): readonly string[] {
  const names = namesIn(env, 'OTEL_PROPAGATORS');
  if (names.length === 0) return ['tracecontext'];
  const others = names.filter((name) => !['tracecontext', 'baggage', 'none'].includes(name));
  if (hasTraces && others.length > 0)
    note(`OTEL_PROPAGATORS=${others.join()} is not supported: expected tracecontext, baggage or none.`);
  return names.includes('none') ? [] : names;
}

function namesIn(env: Env, name: string): readonly string[] {
  return (valueOf(env, name) ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}

function valueOf(env: Env, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
