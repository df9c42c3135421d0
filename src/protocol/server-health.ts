/**
 * How far a server is. `starting`: something loads, and that passes by itself. `degraded`: the start is over, some models
 * serve and others never will as things stand. `failed`: the start is over and nothing serves. `draining`: it is ending.
 */
export type ServerState = 'starting' | 'ready' | 'degraded' | 'failed' | 'draining';

/** One thing that is not as it was asked for. */
export interface HealthReason {
  /** A code of `ErrorCode`: MODEL_NOT_READY while a model loads, SHUTTING_DOWN at the end, else why something failed. */
  readonly code: string;
  /** Whether it stays so until somebody acts: waiting does not help. */
  readonly final: boolean;
  /** Absent where it is about the whole server. */
  readonly model?: string;
  readonly version?: string;
  /** One line for people, without paths of the server's machine. */
  readonly message: string;
}

/** What `GET /v2/health/ready` tells. */
export interface ServerHealth {
  /** Whether requests should be sent here; the status says the same: 200 or 503. */
  readonly ready: boolean;
  readonly state: ServerState;
  readonly reasons: readonly HealthReason[];
  /** Names of the models that are to be served; one with several versions stands where its worst version does. */
  readonly models: {
    readonly ready: readonly string[];
    readonly loading: readonly string[];
    readonly failed: readonly string[];
  };
  /** How many of each there are, where not all names are told. */
  readonly counts?: { readonly [S in 'ready' | 'loading' | 'failed']: number };
}

/** The body of the answer: the protocol's own where there is nothing more to say. */
export function encodeServerHealth(health: ServerHealth): object {
  if (health.state === 'ready') return { ready: true };
  if (health.ready) return health;
  const error = `The server is not ready: ${health.reasons.map(({ message }) => message).join(' ')}`;
  return { ...health, error };
}

/**
 * Reads the answer of any server of the protocol. One that tells nothing but its status is `ready` or `starting`: waiting may
 * help, as far as one can know.
 */
export function parseServerHealth(status: number, text: string): ServerHealth {
  const ready = status === 200;
  const body = parseObject(text);
  const reasons = Array.isArray(body['reasons']) ? body['reasons'].flatMap(toReason) : [];
  const models = isObject(body['models']) ? body['models'] : {};
  return {
    ready,
    state: states.find((state) => state === body['state']) ?? (ready ? 'ready' : 'starting'),
    reasons: reasons.length > 0 || ready ? reasons : [unexplained(status, body['error'] ?? text)],
    models: { ready: namesOf(models['ready']), loading: namesOf(models['loading']), failed: namesOf(models['failed']) },
    ...countsOf(body['counts']),
  };
}

function countsOf(value: unknown): Pick<ServerHealth, 'counts'> {
  if (!isObject(value)) return {};
  const { ready, loading, failed } = value;
  return { counts: { ready: Number(ready), loading: Number(loading), failed: Number(failed) } };
}

const states: readonly ServerState[] = ['starting', 'ready', 'degraded', 'failed', 'draining'];

function unexplained(status: number, said: unknown): HealthReason {
  const text = typeof said === 'string' ? said.trim() : '';
  return { code: 'MODEL_NOT_READY', final: false, message: text === '' ? `it answers ${status}` : text };
}

function toReason(value: unknown): readonly HealthReason[] {
  if (!isObject(value) || typeof value['message'] !== 'string') return [];
  const { code, final, model, version, message } = value;
  return [
    {
      code: typeof code === 'string' ? code : 'MODEL_NOT_READY',
      final: final === true,
      ...(typeof model === 'string' ? { model } : {}),
      ...(typeof version === 'string' ? { version } : {}),
      message,
    },
  ];
}

function namesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
