import type { Duplex, Readable } from 'node:stream';
import type { RegistryAuth } from '../../../store/credentials/registry-auth.js';

/** What a call is about, for the words and the code of its failure. */
export interface Subject {
  /** `start container web`. */
  readonly action: string;
  readonly kind: 'engine' | 'container' | 'image' | 'pull' | 'network' | 'volume' | 'service' | 'build';
  readonly ref?: string;
}

/** One request of the Engine API. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Without version prefix and query. */
  readonly path: string;
  readonly subject: Subject;
  /** Undefined values are left out, arrays repeat the key, objects go as JSON. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | object | undefined>>;
  readonly body?: object;
  /** A tar as the body. */
  readonly upload?: Readable;
  /** The engine may measure, count or wait for as long as it likes before it answers. */
  readonly isSlow?: boolean;
  /** Waits for what may never come: the end of a server. */
  readonly isEndless?: boolean;
  readonly auth?: Partial<RegistryAuth>;
  readonly registries?: Readonly<Record<string, RegistryAuth>>;
  readonly signal?: AbortSignal;
}

/** Carries calls to an engine. Failures are AppErrors. */
export interface Transport {
  json(call: Call): Promise<unknown>;
  /** Asks when it is first read. Ends quietly when the call's signal fires. */
  stream(call: Call): AsyncIterable<Buffer>;
  /** A raw two-way connection, as attach and exec use. */
  hijack(call: Call): Promise<Duplex>;
}
