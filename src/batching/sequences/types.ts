import type { HeaderValue, SequenceConfig } from '../../model/config.js';
import type { InferResult, QueuedRequest } from '../types.js';

/** Which sequence a request belongs to, and whether it is its first or last. */
export interface Step {
  readonly id: string;
  readonly isStart: boolean;
  readonly isEnd: boolean;
}

/** A request's place in the order of its sequence. */
export interface Place {
  /** Resolves once every request before it is over: whether none of those that it waited for failed. */
  readonly before: Promise<boolean>;
  /** Lets the next one go on; the first call counts. */
  leave(isSuccess: boolean): void;
}

/** Memory that state is counted in. */
export interface StateMemory {
  /** Throws where there is no room for so many bytes more. */
  take(bytes: number): void;
  give(bytes: number): void;
}

/** What became of sequences. */
export type SequenceEvent = 'started' | 'restarted' | 'ended' | 'expired' | 'dropped' | 'refused';

/** What the sequences of a model need. */
export interface SequencesOptions {
  /** Name for messages. */
  readonly model: string;
  readonly config: SequenceConfig;
  /** The model's inputs, in its order. */
  readonly inputs: readonly HeaderValue[];
  /** Longest time in the queue where a request does not say, in milliseconds; 0: any. */
  readonly queueTimeoutMs: number;
  readonly memory: StateMemory;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Hears how many sequences something happened to. */
  readonly onEvent: (event: SequenceEvent, count: number) => void;
}

/** The sequences of one model version. */
export interface Sequences {
  /** Takes a place behind the requests of the sequence that came before. */
  reserve(id: string): Place;
  /** Runs a request with its sequence's state and keeps what becomes of that. Rejects with INVALID_INPUT, QUEUE_FULL, MEMORY_FULL, or with what `run` fails with. */
  step(
    step: Step & { readonly place?: Place | undefined },
    request: QueuedRequest,
    run: (request: QueuedRequest) => Promise<InferResult>,
  ): Promise<InferResult>;
  readonly active: number;
  /** Bytes of all state. */
  readonly bytes: number;
}
