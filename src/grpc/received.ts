import type { ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';
import { AppError } from '../errors.js';
import { FrameReader, prefixBytes } from './frame-reader.js';
import type { CallFailure, GrpcHost, MessageMemory } from './host.js';
import { toStatus } from './status.js';

/** A message as handlers get it. */
export interface Received {
  readonly body: Buffer;
  /** Takes over what the message holds, which ends with its call where nobody does. */
  readonly claim: () => MessageMemory;
  /** The call that it came with. */
  readonly stream: ServerHttp2Stream;
}

/**
 * The parts of a call of @grpc/grpc-js that receive messages. It puts messages aside without limit of their sum, joins them anywhere in
 * memory, and refuses in words of its own: for these three this server has its own. They are no public part of that package, whose
 * version is pinned; a call without them is refused, so that another version cannot go without limits unnoticed.
 */
interface ReceivingCall extends ServerInterceptingCall {
  readonly stream: ServerHttp2Stream;
  decoder: { write(data: Buffer): Buffer[] };
  decompressMessage(frame: Buffer, coding: string): Received | Promise<Received>;
}

const isReceiving = (call: object): call is ReceivingCall =>
  'stream' in call && 'decoder' in call && 'decompressMessage' in call;

/** Makes every call receive its messages on the account of the memory that all requests share. */
export function createReceiving(host: GrpcHost): ServerInterceptor {
  return ({ path }, call) => {
    if (!isReceiving(call)) throw new AppError('INTERNAL', '@grpc/grpc-js receives messages otherwise than expected.');
    const receiver = new Receiver(host, path, call);
    call.decoder = receiver;
    call.decompressMessage = (frame, coding) => receiver.unfold(frame, coding);
    return call;
  };
}

/** The messages of one call as they arrive. */
class Receiver {
  readonly #host: GrpcHost;
  readonly #path: string;
  readonly #call: ReceivingCall;
  readonly #frames: FrameReader;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: GrpcHost, path: string, call: ReceivingCall) {
    this.#host = host;
    this.#path = path;
    this.#call = call;
    this.#frames = new FrameReader(host);
    call.stream.once('close', () => {
      clearTimeout(this.#timer);
      this.#frames.close();
    });
  }

  /** Answers the messages that are whole by what has arrived. */
  write(data: Buffer): Buffer[] {
    try {
      const whole = this.#frames.write(data);
      this.#watch(whole.length > 0);
      return whole;
    } catch (thrown) {
      // grpc-js answers RESOURCE_EXHAUSTED with the text of what is thrown here.
      throw new Error(this.#refuse(thrown).text, { cause: thrown });
    }
  }

  /** A message without its prefix and compression; rejects with a status. */
  unfold(frame: Buffer, coding: string): Received | Promise<Received> {
    const body = frame.subarray(prefixBytes);
    const whole = { stream: this.#call.stream, claim: () => this.#frames.claim(frame) };
    if (frame[0] === 0) return { ...whole, body };
    return this.#host.inflate(body, coding, this.#frames.memoryOf(frame)).then(
      (inflated) => ({ ...whole, body: inflated }),
      (thrown: unknown) => Promise.reject(Object.assign(new Error(), toStatus(this.#refuse(thrown)))),
    );
  }

  /** A message that has begun has its time to become whole. */
  #watch(isNext: boolean): void {
    const { arrivalMs } = this.#host.limits;
    if (isNext || !this.#frames.isWaiting) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    if (!this.#frames.isWaiting || arrivalMs === 0) return;
    this.#timer ??= setTimeout(() => this.#call.sendStatus(toStatus(this.#refuse(late(arrivalMs)))), arrivalMs);
  }

  #refuse(thrown: unknown): CallFailure {
    this.#host.begin({ path: this.#path, headers: {}, from: this.#call.getPeer() }).end(thrown);
    return this.#host.describeFailure(thrown);
  }
}

function late(ms: number): AppError {
  return new AppError('INVALID_INPUT', `Request Timeout: the message did not arrive whole within ${ms} ms.`);
}
