import { openConnection, type Connection } from '../../client/connection.js';
import type { HttpClientOptions } from '../../client/http.js';
import { AppError } from '../../errors.js';
import type { ToolContext } from '../context.js';

/** A server that answers. */
export interface FoundServer {
  readonly connection: Connection;
  /** Whether it knows no more than the Open Inference Protocol. */
  readonly isForeign: boolean;
}

const usualUrl = 'http://127.0.0.1:8000';
const probeMs = 5000;

/** The server at the address given; without one that at the usual port, else the only one that `launch` runs. Throws SERVER_UNREACHABLE. */
export async function findServer(
  url: string | undefined,
  options: HttpClientOptions,
  { env }: Pick<ToolContext, 'env'>,
): Promise<FoundServer> {
  if (url !== undefined) return attach(checkUrl(url), options);
  try {
    return await attach(usualUrl, options);
  } catch (thrown) {
    const isAbsent = thrown instanceof AppError && thrown.code === 'SERVER_UNREACHABLE' && thrown.cause !== undefined;
    if (!isAbsent) throw thrown;
    if (env['SLIPWAY_CONTAINED'] === '1') throw noneInside(thrown);
    return attach(await findLaunched(thrown), options);
  }
}

function checkUrl(text: string): string {
  const whole = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (URL.canParse(whole) && new URL(whole).hostname !== '') return whole;
  throw new AppError('USAGE', `--url ${text}: expected http://host:port or https://host:port.`);
}

async function attach(url: string, options: HttpClientOptions): Promise<FoundServer> {
  const connection = openConnection(url, { ...options, wasLaunched: false });
  try {
    const { signal } = options;
    const metadata = await connection.metadata({
      retries: 0,
      timeoutMs: probeMs,
      ...(signal === undefined ? {} : { signal }),
    });
    return { connection, isForeign: !('slipway' in metadata) };
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
}

/** In a container, which has no launcher. */
function noneInside(cause: AppError): AppError {
  const text = `No server answers at ${usualUrl} in this container. Name one with --url, or serve models for this call only with --models PATH.`;
  return new AppError('SERVER_UNREACHABLE', text, { cause });
}

async function findLaunched(cause: AppError): Promise<string> {
  const { findRunning } = await import('../../launch/index.js');
  const running = await findRunning();
  const [sole, ...others] = running;
  if (sole !== undefined && others.length === 0) return sole.url;
  if (sole !== undefined) {
    const list = running.map(({ name, url }) => `${name} at ${url}`).join(', ');
    throw new AppError('USAGE', `Several servers are running: ${list}. Choose one with --url.`);
  }
  const text = `No server answers at ${usualUrl}, and launch runs none. Start one (slipway, or launch -d), name one with --url, or serve for this call only with --models PATH.`;
  throw new AppError('SERVER_UNREACHABLE', text, { cause });
}
