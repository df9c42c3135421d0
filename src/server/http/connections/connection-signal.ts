import type { Socket } from 'node:net';

const controllers = new WeakMap<Socket, AbortController>();

/**
 * A signal that aborts when the client's connection closes. A connection has one request at a time, so one signal serves
 * all of them: a request costs a look-up, not a controller and its listeners.
 */
export function signalOf(socket: Socket): AbortSignal {
  const known = controllers.get(socket);
  if (known !== undefined) return known.signal;
  const controller = new AbortController();
  controllers.set(socket, controller);
  if (socket.destroyed) controller.abort();
  else socket.once('close', () => controller.abort());
  return controller.signal;
}
