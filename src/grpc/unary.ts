import { Metadata, type handleUnaryCall } from '@grpc/grpc-js';
import { AppError } from '../errors.js';
import type { MessageParts } from '../protocol/grpc/message-parts.js';
import { toStatus } from './status.js';
import { startOf } from './guard.js';
import type { CallRecord, GrpcHost, MessageMemory } from './host.js';
import { closeMemory, holdIn } from './messages/in-parts.js';
import type { Received } from './messages/received.js';

/** A call as its method sees it. */
export interface Call {
  readonly body: Buffer;
  readonly memory: MessageMemory;
  /** Aborts where the client has gone, or its deadline has passed. */
  readonly signal: AbortSignal;
  readonly record: CallRecord;
}

/** What a method answers. */
export interface Answer {
  readonly message: object | MessageParts;
  /** Trailers beside x-request-id. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers one call. Throws or rejects with AppErrors. */
export type Method = (call: Call) => Answer | Promise<Answer>;

/** What is around every method: its record, trailers, failures, and the end of what the message held. */
export function unary(host: GrpcHost, method: Method): handleUnaryCall<Received, object> {
  return (call, callback) => {
    const { body, claim, stream } = call.request;
    const record = host.begin(startOf(call));
    if (stream.destroyed) {
      record.end(new AppError('CLIENT_GONE', 'The client closed the connection.'));
      return;
    }
    const memory = claim();
    const controller = new AbortController();
    let isSettled = false;
    let answered: object | undefined;
    const onClose = (): void => {
      if (isSettled) closeMemory(memory, answered);
      else controller.abort();
    };
    const settle = (): void => {
      isSettled = true;
      if (stream.destroyed) closeMemory(memory, answered);
    };
    stream.once('close', onClose);
    const trailers = new Metadata();
    trailers.set('x-request-id', record.id);
    if (record.traceparent !== undefined) trailers.set('traceparent', record.traceparent);
    const answer = async (): Promise<void> => {
      try {
        const { message, headers = {} } = await method({ body, memory, signal: controller.signal, record });
        for (const [name, value] of Object.entries(headers)) trailers.set(name, value);
        record.end();
        answered = holdIn(memory, message);
        callback(null, message, trailers);
      } catch (thrown) {
        record.end(thrown);
        callback(toStatus(host.describeFailure(thrown), trailers));
      }
      settle();
    };
    void answer();
  };
}
