import { AppError, messageOf } from '../errors.js';
import { omitUndefined } from '../omit-undefined.js';
import { bracket } from '../protocol/authority.js';
import { launch, readModelNames, type LaunchedServer, type LaunchOptions } from '../launch/index.js';
import { openConnection, type Connection } from './connection.js';
import { isCertificateFault, type CallOptions, type TlsOptions } from './http.js';

/** Where the server is, and what to start where none runs. `timeoutMs` and `signal` bound the whole of it, a launch included. */
export interface ConnectOptions extends CallOptions {
  /** Whole address, a path before `/v2` included; wins over host and port. */
  readonly url?: string;
  /** 127.0.0.1 unless given. */
  readonly host?: string;
  /** 8000 unless given. */
  readonly port?: number;
  /** Sent as `Authorization: Bearer`. */
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For a server with TLS; the address is then https:// unless `url` says otherwise. */
  readonly tls?: TlsOptions;
  /** Launch where none runs: this Dockerfile (or the folder that holds it), image or variant; only on this machine. */
  readonly dockerfile?: string;
  /** Folder that the Dockerfile is built from; its own Dockerfile is meant where none is named. */
  readonly context?: string;
  /** GPUs for what is launched: `all`, `1`, `device=0`. */
  readonly gpus?: string;
  /** Variables for what is launched. */
  readonly env?: Readonly<Record<string, string>>;
  readonly image?: string;
  readonly variant?: NonNullable<LaunchOptions['variant']>;
  /** Launch where none runs, with the models of this folder; one that runs must serve them. */
  readonly models?: string;
  readonly name?: string;
  /** Longest wait for a launched server to be ready. */
  readonly readyTimeoutMs?: number;
  /** Hears what a launch does, a line a call. */
  readonly onNarration?: (line: string) => void;
}

/** Starts a server and waits until it is ready. */
export type Launch = (request: LaunchOptions) => Promise<LaunchedServer>;

const probeTimeoutMs = 5000;

/**
 * Attaches to the server that answers at 127.0.0.1:8000, or at the address given. Where none answers and the options
 * say what to launch, launches it and leaves it running for the next program. Throws SERVER_UNREACHABLE where nothing
 * answers, UNAUTHORIZED where the key is wrong, and what the launch throws.
 */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  return connectWith(launch, options);
}

/** The same with the launch given. */
export async function connectWith(start: Launch, options: ConnectOptions): Promise<Connection> {
  const url = addressOf(options);
  const startedMs = performance.now();
  const attached = openConnection(url, { ...httpOptionsOf(options), wasLaunched: false });
  const absence = await findAbsence(attached, options);
  if (absence === undefined) {
    await refuseOtherModels(attached, options);
    return attached;
  }
  attached.close();
  if (!wantsLaunch(options)) throw explainAbsence(absence, url);
  const server = await withinLimit(options, startedMs, (signal) =>
    start({ ...launchOptionsOf(options), ...(signal && { signal }) }),
  );
  return openConnection(server.url, { ...httpOptionsOf(options), wasLaunched: !server.isReused });
}

/** Gives a launch no longer than what is left of the caller's `timeoutMs`: what it has started by then it removes itself. */
async function withinLimit<T>(
  { timeoutMs, signal, models, dockerfile, image }: ConnectOptions,
  startedMs: number,
  run: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return run(signal);
  const stop = new AbortController();
  const pass = (): void => stop.abort(signal?.reason);
  if (signal?.aborted === true) pass();
  signal?.addEventListener('abort', pass, { once: true });
  const what = dockerfile ?? image ?? models ?? 'it';
  const text = `No server was ready within ${timeoutMs} ms: launching ${what} took longer, and was given up. Allow more with timeoutMs.`;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => {
        reject(new AppError('READY_TIMEOUT', text, { details: { timeoutMs } }));
        stop.abort();
      },
      timeoutMs - (performance.now() - startedMs),
    );
  });
  try {
    return await Promise.race([run(stop.signal), over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', pass);
  }
}

function addressOf({ url, host = '127.0.0.1', port = 8000, tls }: ConnectOptions): string {
  const text = url ?? `${tls === undefined ? 'http' : 'https'}://${bracket(host)}:${port}`;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new AppError('USAGE', `"${text}" is not a server address. Expected http://host:port or https://host:port.`);
}

function httpOptionsOf({ timeoutMs, retries, apiKey, headers, tls }: ConnectOptions): {
  readonly timeoutMs?: number;
  readonly retries?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls?: TlsOptions;
} {
  return {
    ...omitUndefined({ timeoutMs, retries, tls }),
    headers: { ...headers, ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
  };
}

/** How the server is asked who it is: once, and no longer than the caller waits. */
function probeOf({ timeoutMs = probeTimeoutMs, signal }: ConnectOptions): CallOptions {
  return { retries: 0, timeoutMs: Math.min(timeoutMs, probeTimeoutMs), ...(signal === undefined ? {} : { signal }) };
}

/** Why no server can be attached to, or undefined where one answers. A foreign server on the port is thrown, not replaced. */
async function findAbsence(connection: Connection, options: ConnectOptions): Promise<AppError | undefined> {
  try {
    await connection.metadata(probeOf(options));
    return undefined;
  } catch (thrown) {
    const isUnreachable = thrown instanceof AppError && thrown.code === 'SERVER_UNREACHABLE';
    const isAbsent = isUnreachable && thrown.cause !== undefined && !isCertificateFault(thrown.cause);
    if (isAbsent) return thrown;
    throw thrown;
  }
}

/** Whether the server that answers knows every model of the folder that was asked for. Throws NOT_FOUND where it does not. */
async function refuseOtherModels(connection: Connection, options: ConnectOptions): Promise<void> {
  const { models, onNarration } = options;
  if (models === undefined) return;
  const wanted = await readModelNames(models);
  const known = await connection.models(probeOf(options)).catch(messageOf);
  if (typeof known === 'string') {
    onNarration?.(
      `connected to ${connection.url}, which does not say whether it serves the models of ${models}: ${known}`,
    );
    return;
  }
  const served = new Set(known.map(({ name }) => name));
  const missing = wanted.filter((name) => !served.has(name));
  if (missing.length === 0) return;
  connection.close();
  const text =
    `The server at ${connection.url} serves ${[...served].join(', ') || 'no model'}, but not ${missing.join(', ')} of ${models}. ` +
    'Give another port for a server of these models, stop that one (launch ps, launch stop), or connect without models.';
  throw new AppError('NOT_FOUND', text, { details: { url: connection.url, served: [...served], missing } });
}

function wantsLaunch({ url, host, dockerfile, context, image, variant, gpus, models }: ConnectOptions): boolean {
  const isHere = url === undefined && (host === undefined || /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host));
  return isHere && [dockerfile, context, image, variant, gpus, models].some((value) => value !== undefined);
}

function explainAbsence(cause: AppError, url: string): AppError {
  const text =
    `No server answers at ${url}. Start one there (npm start, or launch up), give its address ({ host, port }), ` +
    'or say what to launch ({ models } or { dockerfile }).';
  return new AppError('SERVER_UNREACHABLE', text, { details: { url }, cause });
}

function launchOptionsOf(options: ConnectOptions): LaunchOptions {
  const { dockerfile, context, image, variant, gpus, env, models, host, port } = options;
  const { name, readyTimeoutMs, signal, onNarration } = options;
  const address = host === 'localhost' ? undefined : host;
  const what = { dockerfile, context, image, variant, gpus, env, models, address, port };
  const given = { ...what, name, readyTimeoutMs, signal, onNarration };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
