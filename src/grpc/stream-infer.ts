import { setMaxListeners } from 'node:events';
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { AppError } from '../errors.js';
import { encodeStreamAnswer, encodeStreamError, type StreamedRequest } from '../protocol/grpc/encode-response.js';
import { readRequestHead } from '../protocol/grpc/decode-request.js';
import type { MessageParts } from '../protocol/grpc/message-parts.js';
import { toStatus } from './status.js';
import { startOf } from './guard.js';
import type { CallStart, GrpcHost, MessageMemory } from './host.js';
import type { OpenStreams } from './open-streams.js';
import { closeMemory, holdIn } from './messages/in-parts.js';
import type { Received } from './messages/received.js';

/** Requests of one stream that are on their way at a time: enough to fill batches. */
const mostAtOnce = 64;

/** Clients ask with it that the first failure ends the stream with its status. */
const statusHeader = 'triton_grpc_error';

type StreamCall = ServerDuplexStream<Received, MessageParts>;

/** Answers requests of a stream: they run beside each other, and are answered in the order in which they came. */
export function streamInfer(host: GrpcHost, streams: OpenStreams): handleBidiStreamingCall<Received, MessageParts> {
  return (call) => {
    const stream = new InferStream(host, call);
    const leave = streams.add(() => stream.stop());
    call.once('close', leave);
  };
}

/**
 * One stream of inference requests.
 * - What cannot be answered is told in its place, and the stream goes on.
 * - A client that does not read its answers is not read from either.
 */
class InferStream {
  readonly #host: GrpcHost;
  readonly #call: StreamCall;
  readonly #start: CallStart;
  readonly #controller = new AbortController();
  #atOnce = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(host: GrpcHost, call: StreamCall) {
    this.#host = host;
    this.#call = call;
    this.#start = startOf(call);
    // Every request of the stream listens to it.
    setMaxListeners(0, this.#controller.signal);
    call.on('data', (received: Received) => this.#take(received));
    call.once('end', () => void this.#tail.then(() => call.end()));
    call.once('close', () => this.#controller.abort());
    call.once('cancelled', () => this.#controller.abort());
  }

  /** Reads nothing more; what was read is answered, and the stream ended. */
  stop(): void {
    this.#call.pause();
    const text = 'The server is shutting down.';
    void this.#tail.then(() => this.#fail(new AppError('SHUTTING_DOWN', text)));
  }

  #take(received: Received): void {
    if (++this.#atOnce >= mostAtOnce) this.#call.pause();
    const memory = received.claim();
    const answering = this.#answer(received.body, memory);
    this.#tail = this.#tail.then(async () => {
      const message = await answering;
      if (message !== undefined) await this.#write(holdIn(memory, message));
      closeMemory(memory, message);
      if (this.#atOnce-- === mostAtOnce) this.#call.resume();
    });
  }

  async #answer(body: Buffer, memory: MessageMemory): Promise<MessageParts | undefined> {
    const record = this.#host.begin(this.#start);
    let head: StreamedRequest = { model: '', version: '', id: '' };
    try {
      const { signal } = this.#controller;
      const read = readRequestHead(body);
      head = read;
      const { response, onEncoded } = await this.#host.infer({ body, head: read, memory, signal, record });
      const startMs = performance.now();
      const message = encodeStreamAnswer(response);
      onEncoded(performance.now() - startMs);
      record.end();
      return message;
    } catch (thrown) {
      record.end(thrown);
      return this.#describe(thrown, head);
    }
  }

  #describe(thrown: unknown, head: StreamedRequest): MessageParts | undefined {
    if (this.#start.headers[statusHeader] === 'true') {
      this.#fail(thrown);
      return undefined;
    }
    return encodeStreamError(this.#host.describeFailure(thrown).text, head);
  }

  #fail(thrown: unknown): void {
    const { code, details, metadata } = toStatus(this.#host.describeFailure(thrown));
    this.#call.emit('error', Object.assign(new Error(details), { code, details, metadata }));
  }

  /** Resolves when the message is with the system: until then its parts are read where they lie. */
  async #write(message: MessageParts): Promise<void> {
    const call = this.#call;
    if (call.destroyed || call.writableEnded) return;
    await new Promise<void>((resolve) => {
      const over = (): void => {
        call.off('close', over);
        resolve();
      };
      call.once('close', over);
      call.write(message, over);
    });
  }
}
