import type { AddressInfo } from 'node:net';
import { AppError, messageOf } from '../errors.js';
import { addressOf } from '../protocol/authority.js';
import type { App } from './http/app.js';
import type { HttpSide } from './http-side.js';
import type { Settings } from './settings/settings.js';

/** Opens the ports and answers the URL. Rejects with PORT_IN_USE, or USAGE for an address that is not this machine's. */
export async function listen(
  http: HttpSide,
  { host, port, metricsPort, management, basePath, tls }: Settings,
): Promise<string> {
  await open(http.main, { host, port, flag: '--port' });
  if (http.metrics !== undefined) await open(http.metrics, { host, port: metricsPort ?? 0, flag: '--metrics-port' });
  if (http.management !== undefined) {
    await open(http.management, { host, port: management.port ?? 0, flag: '--management-port' });
  }
  const { port: actual } = http.main.fastify.server.address() as AddressInfo;
  return `${tls === undefined ? 'http' : 'https'}://${addressOf(host, actual)}${basePath}`;
}

/** Where to listen, and the flag that says so. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly flag: string;
}

/** Connections that the system holds until they are accepted: a burst of more than this is reset by it without an answer. The system has a limit of its own. */
const mostUnaccepted = 4096;

async function open({ fastify }: App, { host, port, flag }: Address): Promise<void> {
  await fastify
    .listen({ host, port, backlog: mostUnaccepted, listenTextResolver: () => '' })
    .catch((thrown: unknown) => {
      throw listenFailure(thrown, { host, port, flag });
    });
}

/** Why a port cannot be opened: PORT_IN_USE, or USAGE for an address that is not this machine's. */
export function listenFailure(cause: unknown, { host, port, flag }: Address): AppError {
  const { code } = cause as { code?: unknown };
  const at = `${host} port ${port}`;
  if (code === 'EADDRINUSE') {
    const text = `${at} is in use by another process: stop that one, or choose another port with ${flag} ${port + 1}.`;
    return new AppError('PORT_IN_USE', text, { cause });
  }
  const text = `Cannot listen on ${at}: ${messageOf(cause)}. Choose others with --host and ${flag}.`;
  return new AppError('USAGE', text, { cause });
}
