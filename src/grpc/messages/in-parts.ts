import type { ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall } from '@grpc/grpc-js';
import { MessageParts } from '../../protocol/grpc/message-parts.js';
import { prefixBytes } from './frame-reader.js';
import type { MessageMemory } from '../host.js';

/** Smaller messages are copied into one piece, which costs less than several. */
const leastBytes = 16 * 1024;

/** The parts of a call of @grpc/grpc-js that send messages, as far as they are needed; they are no public part of it. */
export interface SendingCall extends ServerInterceptingCall {
  readonly stream: ServerHttp2Stream;
  /** Whether the call has ended already. */
  checkCancelled(): boolean;
  maybeSendMetadata(): void;
}

/** Whether a message is sent from where it lies. */
const isSentInParts = (message: unknown): message is MessageParts =>
  message instanceof MessageParts && message.byteLength >= leastBytes;

/** How many bytes of a message that is sent are counted with the tensors that they lie in. */
export function countedBytes(message: unknown): number {
  return isSentInParts(message) ? message.viewedBytes : 0;
}

/** Messages that the system may still read where they lie. */
const underWay = new WeakSet<object>();

/** Makes a call send large messages from where they lie; @grpc/grpc-js copies each into a buffer that is left to the collector. */
export function sendInParts(call: SendingCall): void {
  const sendCopied = call.sendMessage.bind(call);
  call.sendMessage = (message: unknown, callback) => {
    if (!isSentInParts(message)) {
      sendCopied(message, callback);
      return;
    }
    if (call.checkCancelled()) return;
    call.maybeSendMetadata();
    underWay.add(message);
    write(call.stream, message, (error) => {
      // Where it fails the call ends, and pieces may be with the system for a while.
      if (error) return;
      underWay.delete(message);
      callback();
    });
  };
}

function write(stream: ServerHttp2Stream, { byteLength, parts }: MessageParts, onEnd: (error?: Error | null) => void) {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(byteLength, 1);
  stream.cork();
  stream.write(prefix);
  for (const part of parts.slice(0, -1)) stream.write(part);
  stream.write(parts.at(-1) ?? '', onEnd);
  stream.uncork();
}

const memories = new WeakMap<object, MessageMemory>();

/** Notes what an answer that is about to be sent is held in; answers it again. */
export function holdIn<T extends object>(memory: MessageMemory, answer: T): T {
  memories.set(answer, memory);
  return answer;
}

/** Gives back what an answer is held in, though the system may still read it: its call has ended. */
export function abandonMemory(answer: unknown): void {
  if (typeof answer === 'object' && answer !== null) memories.get(answer)?.abandon();
}

/** Ends the memory of a message that was answered, or will never be; what its answer lies in is freed unless the system may still read it. */
export function closeMemory(memory: MessageMemory, answer: object | undefined): void {
  if (answer !== undefined && underWay.has(answer)) memory.abandon();
  else memory.close();
}
