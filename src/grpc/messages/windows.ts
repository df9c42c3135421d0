import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { GrpcHost } from '../host.js';

/**
 * How much a client may send ahead of what is read: with HTTP/2's own 64 KiB, a large message stops for an answer in every second piece.
 * A call that nobody reads holds as much, outside the memory that requests share.
 */
const connectionBytes = 1024 * 1024;
const wideBytes = 256 * 1024;
const narrowBytes = 65_535;

/** With more calls open than this on a connection, each of them has the narrow window: unread, they hold no more than before. */
const mostWideCalls = 64;

/**
 * Gives the calls of a connection wide windows while there are few of them. A connection whose client does not confirm the narrow ones in
 * the time that a message may take to arrive is ended (RFC 9113, 6.5.3): each of its calls would have a wide one for good.
 */
export function widenWindows(session: ServerHttp2Session, { limits, warn }: Pick<GrpcHost, 'limits' | 'warn'>): void {
  session.setLocalWindowSize(connectionBytes);
  let timer: NodeJS.Timeout | undefined;
  const giveUp = (): void => {
    const from = `${session.socket.remoteAddress ?? ''}:${session.socket.remotePort ?? ''}`;
    warn({ from, calls, limitMs: limits.arrivalMs }, 'connection ended: its client does not confirm its settings');
    session.goaway(constants.NGHTTP2_SETTINGS_TIMEOUT);
    // Closed first: a session that is destroyed and not closed keeps a server that stops from ending.
    session.close();
    session.destroy();
  };
  session.once('close', () => clearTimeout(timer));
  let isWide = false;
  let isPending = false;
  let calls = 0;
  // One change at a time: clients that are far away confirm late, and Node.js ends connections with many unconfirmed ones.
  const adjust = (): void => {
    const wanted = isWide ? calls <= mostWideCalls : calls <= mostWideCalls / 2;
    if (isPending || wanted === isWide || session.destroyed || session.closed) return;
    [isWide, isPending] = [wanted, true];
    if (!isWide && limits.arrivalMs > 0) timer = setTimeout(giveUp, limits.arrivalMs);
    session.settings({ initialWindowSize: isWide ? wideBytes : narrowBytes }, (failure) => {
      isPending = false;
      clearTimeout(timer);
      if (failure === null) adjust();
    });
  };
  session.on('stream', (stream: ServerHttp2Stream) => {
    calls += 1;
    stream.once('close', () => {
      calls -= 1;
      adjust();
    });
    adjust();
  });
  adjust();
}
