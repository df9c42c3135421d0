import { listServers } from './fleet/fleet.js';
import type { Server } from './fleet/server.js';
import { openNative } from './native/runner.js';
import { lendThisProcess } from './this-process.js';

/** A server that runs here. */
export interface RunningPlace {
  readonly name: string;
  readonly url: string;
}

/** Servers of this machine that the launcher started and that run, by the URLs at which they are reached from here. */
export async function listRunning(): Promise<readonly RunningPlace[]> {
  const silent = { write: () => undefined };
  const context = lendThisProcess(() => undefined, { stdout: silent, stderr: silent });
  const fleet = { docker: await context.openGateway({}), native: openNative(context) };
  const { servers } = await listServers(fleet, { all: false });
  const own = servers.filter(({ isOwn, isUp }) => isOwn && isUp);
  const places = await Promise.all(own.map(async (server) => ({ name: server.name, url: await urlOf(server) })));
  return places.flatMap(({ name, url }) => (url === undefined ? [] : [{ name, url }]));
}

/** A server that went meanwhile has none. */
function urlOf(server: Server): Promise<string | undefined> {
  return server.url().catch(() => undefined);
}
