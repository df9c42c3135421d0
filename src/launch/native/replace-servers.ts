import { doCollide, type HostPort } from '../session/address.js';
import { permitReplacing } from '../session/replace.js';
import type { Session } from '../session/session.js';
import { readTail } from '../text/log-tail.js';
import type { NativeServer } from './read-server.js';
import type { NativeRunner } from './runner.js';
import { replacementError } from './start-failures.js';
import type { NativeRequest } from './state.js';

interface Replacing {
  readonly servers: readonly NativeServer[];
  readonly native: NativeRequest;
}

/**
 * Starts a server in the place of those in its way. The one that holds the port goes on until the new one is ready, where it can; else it ends
 * first, and requests are refused until then.
 */
export async function replaceAll(
  session: Session,
  runner: NativeRunner,
  { servers, native }: Replacing,
): Promise<void> {
  const { context, request, options, signal } = session;
  await permitReplacing(
    context,
    servers.map((server) => server.request),
    request.container.name,
  );
  const holder = servers.find((server) => holdsPort(server, native)) ?? servers[0];
  const obstacle = holder === undefined ? undefined : whyNotBeside(holder, native);
  const heir = obstacle === undefined ? holder : undefined;
  for (const server of servers) if (server !== heir) await removeServer(session, runner, { server, obstacle });
  if (heir === undefined) {
    await runner.start(native);
    return;
  }
  const { name } = heir.request;
  context.console.note(`${name} keeps running until the new server is ready; both use memory until then`);
  const sinceSeconds = context.now() / 1000;
  const failure = await runner.replace(name, native, { timeoutMs: options.timeoutMs, signal });
  if (failure !== undefined) {
    const logLines = await readTail(runner.logs(name, { sinceSeconds })).catch(() => []);
    throw replacementError(name, { failure, timeoutMs: options.timeoutMs, logLines });
  }
  context.console.note(`${name} was replaced; it finishes its requests and ends`);
}

async function removeServer(
  { context }: Session,
  runner: NativeRunner,
  { server: { request }, obstacle }: { readonly server: NativeServer; readonly obstacle: string | undefined },
): Promise<void> {
  const why = obstacle === undefined ? '' : `: requests are refused until the new server is ready, since ${obstacle}`;
  await runner.stop(request.name);
  await runner.remove(request.name, { force: true });
  context.console.note(`removed ${request.name}${why}`);
}

/** Why a server cannot serve beside the one that is to take its place; undefined where it can. */
function whyNotBeside(server: NativeServer, native: NativeRequest): string | undefined {
  if (server.status !== 'running') return `it is ${server.status}`;
  if (server.handsOver !== true) return server.handsOver;
  const { host } = server.request;
  if (host === native.host || !holdsPort(server, native)) return undefined;
  return `${host} and ${native.host} cannot both be listened on at port ${native.port}`;
}

/** Whether a server holds the address that another one is to have. */
export function holdsPort({ request }: Pick<NativeServer, 'request'>, native: NativeRequest): boolean {
  const placeOf = ({ host, port }: NativeRequest): HostPort => ({ hostIp: host, port, protocol: 'tcp' });
  return doCollide(placeOf(request), placeOf(native));
}
