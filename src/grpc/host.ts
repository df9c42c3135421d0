import type { SecureContextOptions } from 'node:tls';
import type { ErrorCode } from '../errors.js';
import type { RequestHead } from '../protocol/grpc/decode-request.js';
import type { InferResponse, RepositoryIndexEntry } from '../protocol/types.js';

/** What one message holds of the memory that all requests share. */
export interface MessageMemory {
  /** Counts what grows, by the bytes that it holds in all. Throws PAYLOAD_TOO_LARGE or MEMORY_FULL. */
  counter(): (heldBytes: number) => void;
  /** Counts more of what it needs. Throws MEMORY_FULL. */
  take(bytes: number): void;
  /** Counts what is there already. */
  hold(bytes: number): void;
  /** Buffers that nobody reads once the message is answered. */
  own(buffers: Iterable<ArrayBufferLike>): void;
  /** The message is answered, or will never be: what it held is free. */
  close(): void;
  /** The same where the system may still read its buffers: they are not freed by hand. */
  abandon(): void;
}

/** A message as it arrives, on the account of the memory that all requests share. */
export interface Arrival {
  readonly memory: MessageMemory;
  /** Appends a piece and keeps nothing of it. Throws PAYLOAD_TOO_LARGE or MEMORY_FULL. */
  add(piece: Uint8Array): void;
  /** All of it, in memory of its own that ends where elements of up to 8 bytes may end. */
  finish(): Buffer;
  /** It will not become whole. */
  discard(): void;
}

/** One request as it is counted and logged. */
export interface CallRecord {
  /** The client's own x-request-id where it is printable and short, else a new one. */
  readonly id: string;
  /** Who asks, as `authorize` answered. */
  readonly caller: object;
  /** `address:port` of the client. */
  readonly from: string;
  /** Filled in where it is an inference. */
  readonly inference: { model?: { readonly name: string; readonly version: string }; report?: object };
  /** Under what its runs are traced; undefined where no traces are sent. */
  readonly trace: object | undefined;
  /** What its answer names as its trace; undefined where there is none. */
  readonly traceparent: string | undefined;
  /** Ends it, once: `thrown` is what it failed with, undefined where it was answered. */
  end(thrown?: unknown): void;
}

/** What is known of a call when it begins. */
export interface CallStart {
  /** `/inference.GRPCInferenceService/ModelInfer` */
  readonly path: string;
  readonly headers: CallHeaders;
  /** What `authorize` answered; undefined: it was not asked yet. */
  readonly caller?: object | undefined;
  /** `address:port` of the client. */
  readonly from: string;
}

/** Metadata by name; of several values the first. */
export type CallHeaders = Readonly<Record<string, string | undefined>>;

/** What a client is told of a failure. */
export interface CallFailure {
  readonly code: ErrorCode;
  /** The text that HTTP tells; names no path of ours. */
  readonly text: string;
  /** Whole seconds after which it is worth repeating. */
  readonly retryAfterSeconds: number | undefined;
}

/** An inference message and what goes with it. */
export interface InferCall {
  /** The ModelInferRequest as it came; its memory belongs to the inference. */
  readonly body: Buffer;
  /** What it is about. */
  readonly head: RequestHead;
  readonly memory: MessageMemory;
  readonly signal: AbortSignal;
  readonly record: CallRecord;
}

/** An answer, and what HTTP says of it in headers. */
export interface InferAnswer {
  readonly response: InferResponse;
  /** `x-inference-device`, `server-timing`. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be called when it is encoded, with the milliseconds that took. */
  readonly onEncoded: (ms: number) => void;
}

/** What connections may ask of the service; 0: no limit. */
export interface GrpcLimits {
  readonly connections: number;
  /** For a message to arrive whole once it has begun, and for the one message of a call that has no other. */
  readonly arrivalMs: number;
  /** For a message to be taken by its client, once more for each MiB. */
  readonly untakenMs: number;
  readonly idleConnectionMs: number;
}

/** What the server proves itself with. */
export interface GrpcTls {
  /** Whether clients have to show a certificate that one of the context's authorities signed. */
  readonly asksForCertificate: boolean;
  /** In force now. */
  readonly context: () => SecureContextOptions;
  /** Calls `apply` with what comes into force from now on. */
  readonly onChange: (apply: (context: SecureContextOptions) => void) => void;
}

/** What a gRPC service asks of the server that it belongs to. Everything throws or rejects with AppErrors. */
export interface GrpcHost {
  readonly limits: GrpcLimits;
  readonly tls: GrpcTls | undefined;
  /** Answers who makes a call. Throws where it may not be made with these headers. */
  authorize(call: CallStart): object;
  begin(call: CallStart): CallRecord;
  /** Room for a message of so many bytes and its prefix. Throws PAYLOAD_TOO_LARGE before any of it is there. */
  receive(bytes: number, prefixBytes: number): Arrival;
  /** A message that is there already, in one piece. Throws PAYLOAD_TOO_LARGE or MEMORY_FULL. */
  hold(bytes: number): MessageMemory;
  /** Counts an answer that waits for its client; answers what to call when it does not any more. */
  holdAnswer(bytes: number): () => void;
  /** Has `giveWay` called, once, when others need memory and `limitMs` have passed; what it answers takes that back. */
  mayGiveWay(limitMs: number, giveWay: () => void): () => void;
  /** Logs what was ended, and why. */
  warn(facts: object, text: string): void;
  /** Frees what nobody reads any more. */
  release(buffers: Iterable<ArrayBufferLike>): void;
  /** Undoes a message's compression. Rejects with UNSUPPORTED_ENCODING, INVALID_INPUT, PAYLOAD_TOO_LARGE or MEMORY_FULL. */
  inflate(message: Buffer, coding: string, memory: MessageMemory): Promise<Buffer>;
  describeFailure(thrown: unknown): CallFailure;
  isReady(): boolean;
  /** Calls back whenever readiness may have changed; answers how to end that. */
  onReadiness(listener: () => void): () => void;
  isModelReady(name: string, version: string): boolean;
  describeServer(): object;
  describeModel(name: string, version: string): object;
  describeConfig(name: string, version: string): object;
  describeStatistics(name: string, version: string): object;
  index(onlyReady: boolean): readonly RepositoryIndexEntry[];
  load(change: ModelChange): Promise<void>;
  unload(change: ModelChange): Promise<void>;
  infer(call: InferCall): Promise<InferAnswer>;
}

/** A call that changes what the server serves. */
export interface ModelChange {
  readonly model: string;
  readonly parameters: RepositoryParameters;
  readonly record: CallRecord;
}

/** Parameters of a load or unload; bytes are a file's. */
export type RepositoryParameters = ReadonlyMap<string, boolean | number | string | Uint8Array>;
