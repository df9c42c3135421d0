import { constants } from 'node:http2';
import type { ServerInterceptor } from '@grpc/grpc-js';
import { AppError } from '../../errors.js';
import type { GrpcHost } from '../host.js';
import { abandonMemory, countedBytes, type SendingCall } from './in-parts.js';

const isSending = (call: object): call is SendingCall => 'stream' in call && 'sendMessage' in call;

const nothing = (): void => undefined;

/** A message has its time once more for each of these: 17 KB a second are enough for a limit of 60 s. */
const bytesATime = 2 ** 20;

/**
 * Counts messages in the memory that all requests share until the system has taken them, but for what of them counts already, and ends calls whose client leaves one for too
 * long: what it is made of would be held for as long as the client likes. One that is taken slowly gives way, as over HTTP, when others need the memory. Of a connection that takes nothing at all, see `../server.ts`.
 */
export function createSending(host: GrpcHost): ServerInterceptor {
  return ({ path }, call) => {
    if (!isSending(call)) throw new AppError('INTERNAL', '@grpc/grpc-js does not send messages as expected.');
    const { stream } = call;
    const { untakenMs } = host.limits;
    let over = nothing;
    const giveUp = (limitMs: number, why: string): void => {
      const facts = { path, from: call.getPeer(), waitingBytes: stream.writableLength, limitMs };
      host.warn(facts, `call ended: its client ${why}`);
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    };
    const giveWay = (message: unknown): void => {
      giveUp(untakenMs, 'takes the answer slowly, and others need the memory');
      over();
      abandonMemory(message);
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
      const timer = untakenMs === 0 ? undefined : setTimeout(giveUp, limitMs, limitMs, 'took nothing of the answer');
      const stay = untakenMs === 0 ? nothing : host.mayGiveWay(untakenMs, () => giveWay(message));
      over = () => {
        over = nothing;
        clearTimeout(timer);
        stay();
        release();
      };
    };
    return call;
  };
}
