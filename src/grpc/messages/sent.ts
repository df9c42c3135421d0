import { constants } from 'node:http2';
import type { ServerInterceptor } from '@grpc/grpc-js';
import { AppError } from '../../errors.js';
import type { GrpcHost } from '../host.js';
import { countedBytes, type SendingCall } from './in-parts.js';

const isSending = (call: object): call is SendingCall => 'stream' in call && 'sendMessage' in call;

const nothing = (): void => undefined;

/** A message has its time once more for each of these: 17 KB a second are enough for a limit of 60 s. */
const bytesATime = 2 ** 20;

/**
 * Counts messages in the memory that all requests share until the system has taken them, but for what of them counts already, and ends calls whose client leaves one for too
 * long: what it is made of would be held for as long as the client likes. Of a connection that takes nothing at all, see `../server.ts`.
 */
export function createSending(host: GrpcHost): ServerInterceptor {
  return ({ path }, call) => {
    if (!isSending(call)) throw new AppError('INTERNAL', '@grpc/grpc-js does not send messages as expected.');
    const { stream } = call;
    const { untakenMs } = host.limits;
    let over = nothing;
    const giveUp = (limitMs: number): void => {
      const facts = { path, from: call.getPeer(), waitingBytes: stream.writableLength, limitMs };
      host.warn(facts, 'call ended: its client took nothing of the answer');
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    };
    stream.once('close', () => over());
    const send = call.sendMessage.bind(call);
    call.sendMessage = (message, callback) => {
      send(message, () => {
        over();
        callback();
      });
      const { writableLength: bytes } = stream;
      if (bytes === 0) return;
      const release = host.holdAnswer(Math.max(0, bytes - countedBytes(message)));
      const limitMs = untakenMs * Math.ceil(bytes / bytesATime);
      const timer = untakenMs === 0 ? undefined : setTimeout(giveUp, limitMs, limitMs);
      over = () => {
        over = nothing;
        clearTimeout(timer);
        release();
      };
    };
    return call;
  };
}
