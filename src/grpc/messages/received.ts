import type { ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptor } from '@grpc/grpc-js';
import { AppError } from '../../errors.js';
import { FrameReader, prefixBytes } from './frame-reader.js';
import type { CallFailure, GrpcHost, MessageMemory } from '../host.js';
import type { ReadMemory } from './read-memory.js';
import { sendInParts, type SendingCall } from './in-parts.js';
import { toStatus } from '../status.js';

/** A message as handlers get it. */
export interface Received {
  readonly body: Buffer;
  /** Takes over what the message holds, which ends with its call where nobody does. */
  readonly claim: () => MessageMemory;
  /** The call that it came with. */
  readonly stream: ServerHttp2Stream;
}

/**
 * The parts of a call of @grpc/grpc-js that receive messages, beside those that send them. It puts messages aside without
 * limit of their sum, joins them anywhere in memory, and refuses in words of its own: for these three this server has its own. They are no
 * public part of that package, whose version is pinned; a call without them is refused, so that another version cannot go without limits
 * unnoticed.
 */
interface ReceivingCall extends SendingCall {
  decoder: { write(data: Buffer): Buffer[] };
  decompressMessage(frame: Buffer, coding: string): Received | Promise<Received>;
}

const isReceiving = (call: object): call is ReceivingCall =>
  ['stream', 'decoder', 'decompressMessage', 'checkCancelled', 'maybeSendMetadata'].every((part) => part in call);

/** Makes every call receive its messages on the account of the memory that all requests share, and send large ones without a copy. */
export function createReceiving(host: GrpcHost, read: ReadMemory): ServerInterceptor {
  return ({ path, requestStream }, call) => {
    if (!isReceiving(call)) throw new AppError('INTERNAL', '@grpc/grpc-js does not receive messages as expected.');
    const receiver = new Receiver({ host, path, call, read });
    if (!requestStream) receiver.expect();
    call.decoder = receiver;
    call.decompressMessage = (frame, coding) => receiver.unfold(frame, coding);
    sendInParts(call);
    return call;
  };
}

interface ReceiverOptions {
  readonly host: GrpcHost;
  readonly path: string;
  readonly call: ReceivingCall;
  readonly read: ReadMemory;
}

/** The messages of one call as they arrive. */
class Receiver {
  readonly #host: GrpcHost;
  readonly #path: string;
  readonly #call: ReceivingCall;
  readonly #frames: FrameReader;
  readonly #read: ReadMemory;
  #timer: NodeJS.Timeout | undefined;

  constructor({ host, path, call, read }: ReceiverOptions) {
    this.#host = host;
    this.#path = path;
    this.#call = call;
    this.#frames = new FrameReader(host);
    this.#read = read;
    call.stream.once('close', () => {
      clearTimeout(this.#timer);
      this.#frames.close();
    });
  }

  /** The call's one message has to arrive. */
  expect(): void {
    this.#setTimer();
  }

  /** Answers the messages that are whole by what has arrived. */
  write(data: Buffer): Buffer[] {
    try {
      const whole = this.#frames.write(data);
      this.#watch(whole.length > 0);
      if (!whole.some(({ buffer }) => buffer === data.buffer)) this.#read.copied(data);
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
    if (isNext || !this.#frames.isWaiting) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    if (this.#frames.isWaiting) this.#setTimer();
  }

  #setTimer(): void {
    const { arrivalMs } = this.#host.limits;
    if (arrivalMs === 0) return;
    this.#timer ??= setTimeout(() => this.#call.sendStatus(toStatus(this.#refuse(late(arrivalMs)))), arrivalMs);
  }

  #refuse(thrown: unknown): CallFailure {
    this.#host.begin({ path: this.#path, headers: {}, from: this.#call.getPeer() }).end(thrown);
    return this.#host.describeFailure(thrown);
  }
}

function late(ms: number): AppError {
  return new AppError('INVALID_INPUT', `Request Timeout: the message did not arrive completely within ${ms} ms.`);
}
