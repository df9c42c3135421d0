import { readSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { parserOf, type Parser } from './parser.js';

/** Where pulled bytes go. Neither function may throw. */
export interface PullTarget {
  /** Where the next bytes of the body belong, at most all that are missing; undefined: nothing is wanted any more. */
  readonly room: () => Uint8Array | undefined;
  /** So many bytes were written there. */
  readonly filled: (bytes: number) => void;
}

type OnExecute = (parsed: number | Error) => void;

/** What Node reads from a socket at once: where it got that much, there is probably more. */
const fullReadBytes = 64 * 1024;

/** The body that a connection's bytes belong to now. */
interface Pull {
  wanted: { readonly request: IncomingMessage; readonly target: PullTarget } | undefined;
}

const pulls = new WeakMap<Socket, Pull>();

/**
 * Lets what the system holds of a body be read straight to where it belongs, in one call, each time that Node has read as much as it
 * does at once. Node would read it in pieces of 64 KiB, each with a copy and a stream's event of its own. Its parser is shown
 * the bytes without its callback for them, so that it alone knows where the message ends. Bytes before, between and after still come
 * by `data`; where this cannot be done (TLS, sockets without a descriptor, other lines of Node.js), all of them do.
 */
export function pullBody(request: IncomingMessage, target: PullTarget): void {
  const pull = pulls.get(request.socket) ?? startPulls(request.socket);
  if (pull !== undefined) pull.wanted = { request, target };
}

function startPulls(socket: Socket): Pull | undefined {
  const found = findParser(socket);
  if (found === undefined) return undefined;
  const { parser, descriptor } = found;
  const { kOnExecute } = parser.constructor;
  const onExecute = parser[kOnExecute] as OnExecute;
  const pull: Pull = { wanted: undefined };
  pulls.set(socket, pull);
  // Called once the parser is through with what was read, when it may be given more.
  parser[kOnExecute] = (parsed: number | Error): void => {
    onExecute(parsed);
    const { wanted } = pull;
    if (wanted === undefined || parserOf(socket) !== parser || socket.destroyed) return;
    // Node pauses a connection, and its parser, whose client has yet to read what was answered before.
    if (socket.isPaused()) return;
    const room = wanted.target.room();
    if (room === undefined) pull.wanted = undefined;
    else if (parsed === fullReadBytes && wanted.request.readableLength === 0) {
      const bytes = readNow(descriptor, room);
      if (bytes === 0) return;
      wanted.target.filled(bytes);
      onExecute(skip(parser, room.subarray(0, bytes)));
    }
  };
  return pull;
}

/** Moves the parser past bytes of a body without its copy of them. */
function skip(parser: Parser, bytes: Uint8Array): number | Error {
  const { kOnBody } = parser.constructor;
  const onBody = parser[kOnBody];
  parser[kOnBody] = null;
  try {
    return parser.execute(bytes);
  } finally {
    parser[kOnBody] = onBody;
  }
}

/** What there is now, without waiting; 0 also where the connection is over or broken, which Node finds out by its own next read. */
function readNow(descriptor: number, room: Uint8Array): number {
  try {
    return readSync(descriptor, room, 0, room.length, null);
  } catch {
    return 0;
  }
}

/** The parser that reads a connection by itself, with the connection's descriptor. */
function findParser(socket: Socket): { readonly parser: Parser; readonly descriptor: number } | undefined {
  if ('encrypted' in socket) return undefined;
  const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: unknown; readonly _consumed?: unknown } };
  const descriptor = handle?.fd;
  const parser = parserOf(socket);
  if (parser === undefined || typeof descriptor !== 'number' || descriptor < 0) return undefined;
  const { kOnBody, kOnExecute } = parser.constructor;
  const isKnown = typeof parser[kOnBody] === 'function' && typeof parser[kOnExecute] === 'function';
  return isKnown && handle?._consumed === true ? { parser, descriptor } : undefined;
}
