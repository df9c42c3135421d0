import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { LoopPorts } from '../loop/divide.js';
import type { Log } from '../log/log.js';
import type { Settings } from '../settings/settings.js';
import { listenFailure } from '../supervision/listen-failure.js';
import { findOrphans } from './orphans.js';

/** What ports are looked for with. */
interface PortsWorld {
  readonly log: Log;
  /** The addresses of a host name. */
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

/** How long a process that was killed may hold its port. */
const endingMs = 5000;
const lookMs = 20;

/**
 * Each port, one that the system chooses too. Alone no process could share it: one that is in use is refused here with PORT_IN_USE, where
 * loops would not see it. Loops that a parent left behind are ended.
 */
export async function findPorts(settings: Settings, world: PortsWorld): Promise<LoopPorts> {
  const { host, port, metricsPort, management } = settings;
  const [first = host, ...others] = await (world.addressesOf ?? addressesOf)(host);
  const find = async (wanted: number, flag: string): Promise<number> => {
    const at = { host, port: wanted, flag };
    const found = await freed(world.log, wanted, () => probe(first, wanted)).catch((cause: unknown) => {
      throw listenFailure(cause, at);
    });
    for (const address of others) {
      await freed(world.log, found, () => probe(address, found)).catch((cause: unknown) => {
        // A server takes what there is of its name's other addresses.
        if (isTaken(cause)) throw listenFailure(cause, { ...at, host: address, port: found });
      });
    }
    return found;
  };
  return {
    port: await find(port, '--port'),
    ...(metricsPort === undefined ? {} : { metricsPort: await find(metricsPort, '--metrics-port') }),
    ...(management.port === undefined ? {} : { managementPort: await find(management.port, '--management-port') }),
  };
}

/** A server listens at the first address of a name, but at all of `localhost`. */
async function addressesOf(host: string): Promise<readonly string[]> {
  if (host !== 'localhost') return [host];
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
}

async function probe(host: string, port: number): Promise<number> {
  const server = createServer().listen({ host, port, exclusive: true });
  await once(server, 'listening');
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
}

/** Ends the loops that a parent left behind at a port that is taken, and tries again until it is free. */
async function freed(log: Log, port: number, attempt: () => Promise<number>): Promise<number> {
  const ended = new Set<number>();
  const lastMs = performance.now() + endingMs;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!isTaken(thrown) || performance.now() > lastMs) throw thrown;
      for (const { pid, parent } of await findOrphans(port)) {
        if (!ended.has(pid)) log.error({ pid, parent, port }, 'an HTTP loop outlived its parent: it is ended');
        ended.add(pid);
        kill(pid);
      }
      // One that ends is no orphan any more before its port is free.
      if (ended.size === 0) throw thrown;
      await wait(lookMs);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function isTaken(thrown: unknown): boolean {
  return (thrown as { readonly code?: unknown }).code === 'EADDRINUSE';
}
