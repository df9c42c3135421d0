import { Server, type AddressInfo } from 'node:net';
import { addressOf } from '../protocol/authority.js';
import type { App } from './http/app.js';
import type { HttpSide } from './http-side.js';
import { findOrphans } from './loops/orphans.js';
import type { Settings } from './settings/settings.js';
import { listenFailure } from './supervision/listen-failure.js';
import type { Address, Succession } from './supervision/succession.js';

/** Opens the ports of HTTP and answers the main one. Rejects with PORT_IN_USE, or USAGE for an address that is not this machine's. */
export async function listen(http: HttpSide, settings: Settings, succession?: Succession): Promise<number> {
  const { host, port, metricsPort, management } = settings;
  const open = (app: App, at: Omit<Address, 'host'>): Promise<void> => openApp(app, { host, ...at }, succession);
  await open(http.main, { port, flag: '--port' });
  if (http.metrics !== undefined) await open(http.metrics, { port: metricsPort ?? 0, flag: '--metrics-port' });
  if (http.management !== undefined) {
    await open(http.management, { port: management.port ?? 0, flag: '--management-port' });
  }
  return (http.main.fastify.server.address() as AddressInfo).port;
}

/** The URL of a server that listens at this port. */
export function urlOf({ host, basePath, tls }: Settings, port: number): string {
  return `${tls === undefined ? 'http' : 'https'}://${addressOf(host, port)}${basePath}`;
}

/** Connections that the system holds until they are accepted: a burst of more than this is reset by it without an answer. The system has a limit of its own. */
const mostUnaccepted = 4096;

async function openApp({ fastify }: App, at: Address, succession: Succession | undefined): Promise<void> {
  const { host, port } = at;
  const fd = succession?.inherited(at);
  try {
    if (fd !== undefined) await listenTo(fastify, fd);
    else {
      const shared = succession?.isShared === true ? { reusePort: true } : {};
      await fastify.listen({ host, port, ...shared, backlog: mostUnaccepted, listenTextResolver: () => '' });
    }
  } catch (thrown) {
    // Several loops end such a loop themselves; one server ends no process that is not its own.
    throw listenFailure(thrown, at, await findOrphans(port));
  }
  succession?.share(fastify.server, at);
}

/** Takes connections of a socket that listens already; past the framework, which would make its queue shorter. */
async function listenTo(fastify: App['fastify'], fd: number): Promise<void> {
  await fastify.ready();
  await new Promise<void>((resolve, reject) => {
    fastify.server.once('error', reject).listen({ fd }, mostUnaccepted, () => resolve());
  });
}

/** Takes no more connections, and closes each there is after its next answer: none is closed while its client may be sending. Resolves when none is left. */
export function leave({ fastify: { server } }: App): Promise<void> {
  server.prependListener('request', (_, response) => {
    response.shouldKeepAlive = false;
  });
  // The HTTP server's own closes idle connections too.
  return new Promise((resolve) => Server.prototype.close.call(server, () => resolve()));
}
