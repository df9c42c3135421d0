import type { Placement, SessionSpec } from '../../engine/engine.js';
import type { ImageInput } from '../../model/image-input.js';
import type { PlainError } from '../../errors.js';
import type { Tensor, TensorSpec } from '../../tensor/tensor.js';

/** An order or an answer as it crosses; a string is the packet of a run. */
export type Order = string | ToWorker;
/** What comes back; a string is the packet of a run. */
export type Answer = string | FromWorker;

/** The way to a thread or a process that carries out orders, which starts when the link is opened. */
export interface Link {
  /** Sends an order; throws where it cannot be sent. Buffers in `transfer` are the sender's no more. */
  send(order: Order, transfer: readonly ArrayBuffer[]): void;
  /** Ends the other side at once, whatever it does. Undefined for a thread: that would end this process too. */
  readonly kill?: () => void;
  /** Of a process that was started. */
  readonly pid?: number | undefined;
}

/**
 * What ended the other side: something that it did (`fault`), that it had no memory left for what it made, a kill that nobody here asked for
 * (`killed`, perhaps for lack of memory), or a request to stop from outside (`asked`).
 */
export type EndCause = 'fault' | 'memory' | 'killed' | 'asked';

/** What a link reports. */
export interface LinkEvents {
  readonly onAnswer: (answer: Answer) => void;
  readonly onUnreadable: (error: unknown) => void;
  /** The other side has ended, for the reason given; nothing comes afterwards. */
  readonly onEnd: (reason: string, cause: EndCause) => void;
}

/** Starts a worker, and answers the link to it. */
export type OpenLink = (name: string, events: LinkEvents) => Link;

/** Tensors as they cross: pairs, since a Map costs more to clone. */
export type TensorPairs = readonly (readonly [name: string, tensor: Tensor])[];

/**
 * Main thread to worker. A worker has at most one message to answer at a time, so that answers carry no number;
 * `stop` alone is not answered: the worker releases its sessions and ends. `session` is the pool's number for a loaded model.
 */
export type ToWorker =
  | {
      readonly kind: 'load';
      readonly session: number;
      readonly spec: SessionSpec;
      /** Where runs may bring image files for an input. */
      readonly image?: ImageInput;
      /** A session of the same model that the worker holds: this one answers only as long as it answers the same. */
      readonly beside?: number;
    }
  | {
      readonly kind: 'run';
      readonly session: number;
      /** One entry a request: they are put together row by row in the worker. */
      readonly requests: readonly TensorPairs[];
      /** Rows to run, padding included; 0 where the model has no batch dimension. */
      readonly rows: number;
      readonly outputs: readonly string[];
    }
  | { readonly kind: 'unload'; readonly session: number }
  | { readonly kind: 'stop' };

/** Worker to main thread. `started` comes once, before the first message is answered. */
export type FromWorker =
  | { readonly kind: 'started'; readonly runtimeVersion: string }
  | {
      readonly kind: 'loaded';
      readonly inputs: readonly TensorSpec[];
      readonly outputs: readonly TensorSpec[];
      readonly placement: Placement;
      readonly loadMs: number;
    }
  | {
      readonly kind: 'ran';
      /** Whole outputs of the run, padding included; the main thread cuts the rows out as views. */
      readonly outputs: TensorPairs;
      readonly timing: RunTiming;
    }
  | { readonly kind: 'unloaded' }
  | {
      readonly kind: 'failed';
      readonly error: PlainError;
      /** Of a run whose buffers had moved: its inputs, which come back. */
      readonly requests?: readonly TensorPairs[];
    };

/** Time spent in the worker, in nanoseconds: putting inputs together, the run itself, taking outputs out; before, decoding images. */
export interface RunTiming {
  readonly inputNs: number;
  readonly computeNs: number;
  readonly outputNs: number;
  readonly decodeNs?: number;
}
