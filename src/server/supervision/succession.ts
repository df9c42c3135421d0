import { closeSync } from 'node:fs';
import type { Server } from 'node:net';
import type { ServerHealth } from '../../protocol/server-health.js';
import type { Settings } from '../settings/settings.js';

/** Where to listen, and the flag that says so. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly flag: string;
}

/** What a server that takes connections tells its supervisor. */
export interface Serving {
  /** Time in which it ends once it was told to leave, in milliseconds. */
  readonly leavesWithinMs: number;
  /** Why another process cannot listen beside this one; undefined where it can. */
  readonly obstacle?: string | undefined;
}

/** Idle connections are kept as long as usual by a server that left, and no longer than this. */
const mostIdleMs = 75_000;

/** How long a server that left keeps idle connections, in milliseconds. */
export function idleMs({ limits: { keepAliveMs } }: Settings): number {
  return keepAliveMs === 0 ? mostIdleMs : Math.min(keepAliveMs, mostIdleMs);
}

/** Past its own limits a server that ends may take this long. */
const marginMs = 5000;

/** What a server's supervisor has to know of it. */
export function servingOf(settings: Settings): Serving {
  const { stop, healthPort } = settings;
  return {
    leavesWithinMs: idleMs(settings) + stop.timeoutMs + marginMs,
    ...(healthPort === undefined ? {} : { obstacle: `--health-port ${healthPort} is held by one process at a time` }),
  };
}

/**
 * How a server takes its listening sockets over from the process before it, and leaves them to the one after it. The supervisor holds copies
 * of them, so that connections that come between the two wait, where they would be refused or reset.
 */
export interface Succession {
  /** Whether other processes listen at the same ports. */
  readonly isShared?: boolean;
  /** Resolves when this process is to take connections; undefined: at once, for nobody else does. */
  readonly turn: Promise<void> | undefined;
  /** The descriptor by which this process was given what an earlier one listened at. */
  inherited(at: Address): number | undefined;
  /** Gives the supervisor a copy of what is listened at. */
  share(server: Server, at: Address): void;
  tellHealth(health: ServerHealth): void;
  /** Every port is open: what was inherited for others is closed. */
  tellServing(serving: Serving): void;
  /** Calls `leave` when another process has taken over; once it has answered, the supervisor knows that this one takes no more connections. */
  onLeave(leave: () => void): void;
}

/** What the supervisor's variable holds. */
interface Given {
  readonly supervisor: number;
  /** Whether another process serves until this one is told to begin. */
  readonly waits?: boolean;
  readonly sockets: Readonly<Record<string, number>>;
}

/**
 * Follows a supervisor that holds listening sockets; undefined where none started this process. `onGone` is called where that has ended
 * before it was this process's turn.
 */
export function followSuccession(world: NodeJS.Process, onGone: () => void): Succession | undefined {
  const given = parse(world.env['SLIPWAY_SOCKETS']);
  delete world.env['SLIPWAY_SOCKETS'];
  // Windows lets a listening socket be in one process alone.
  if (given?.supervisor !== world.ppid || world.send === undefined || world.platform === 'win32') return undefined;
  const unused = new Map(Object.entries(given.sockets));
  // Without a callback a supervisor that has just ended would be an error that nothing catches; the server serves on without it.
  const tell = (message: object, handle?: Server): void => {
    if (world.connected) world.send?.(message, handle, undefined, () => undefined);
  };
  const leaving = hear(world, 'leave');
  const turn = given.waits === true ? hear(world, 'begin') : undefined;
  if (turn !== undefined) {
    world.on('disconnect', onGone);
    void turn.then(() => world.off('disconnect', onGone));
  }
  world.channel?.unref();
  let health = '';
  return {
    turn,
    inherited: (at) => take(unused, keyOf(at)),
    share: (server, at) => {
      const handle = handleOf(server);
      if (at.host !== 'localhost' && handle !== undefined) tell({ shares: keyOf(at) }, handle);
    },
    tellHealth: ({ ready, state, reasons }) => {
      const now = { ready, state, reasons };
      if (JSON.stringify(now) !== health) tell({ health: now });
      health = JSON.stringify(now);
    },
    tellServing: (serving) => {
      for (const fd of unused.values()) closeSync(fd);
      unused.clear();
      tell({ serving });
    },
    onLeave: (leave) =>
      void leaving.then(() => {
        leave();
        tell({ hasLeft: true });
      }),
  };
}

/** Resolves when the supervisor has said this word: one that comes before anybody waits for it is not lost. */
function hear(world: NodeJS.Process, word: 'begin' | 'leave'): Promise<void> {
  return new Promise((resolve) => {
    world.on('message', ({ tell }: { readonly tell?: string }) => (tell === word ? resolve() : undefined));
  });
}

function parse(text: string | undefined): Given | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Given);
}

/** A port that the system chose goes by the flag that asked for it. */
function keyOf({ host, port, flag }: Address): string {
  return port === 0 ? `${host}:0 ${flag}` : `${host}:${port}`;
}

function take(unused: Map<string, number>, key: string): number | undefined {
  const found = unused.get(key);
  unused.delete(key);
  return found;
}

/** What a server listens by, as node:cluster sends it too: whoever is given a whole server takes connections with it at once. */
function handleOf(server: Server): Server | undefined {
  return (server as { readonly _handle?: Server })._handle;
}
