import type { LaunchContext } from '../context.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { Facts } from '../facts/facts.js';
import { basePathFrom } from '../request/server-options.js';
import type { Launched } from './outcome.js';
import type { LaunchRequest } from '../request/request.js';

/** One launch from its request to its end. */
export interface Session {
  readonly context: LaunchContext;
  readonly gateway: DockerGateway;
  readonly request: LaunchRequest;
  readonly facts: Facts;
  readonly options: StartOptions;
  /** Aborted at the first Ctrl-C before the server is ready. */
  readonly signal: AbortSignal;
}

/** How a server is started and waited for. */
export interface StartOptions {
  readonly replace: boolean;
  /** Keep a container that did not become ready. */
  readonly keep: boolean;
  readonly timeoutMs: number;
  /** Where the server's output goes while it is followed; undefined: nowhere. */
  readonly follow?: 'output' | 'narration';
}

/** A server that is ready: what a user is told of it, and how it ends. */
export interface Started {
  readonly launched: Launched;
  /** Drains, and kills after the grace; ten seconds unless given. */
  stop(grace?: { readonly graceSeconds: number }): Promise<void>;
  kill(): Promise<void>;
  /** Ends it at once and deletes what is left of it. */
  remove(): Promise<void>;
  /** Its exit code, once it has ended and its output was passed on; 0 at once for one that this launch does not follow. */
  followUntilEnd(): Promise<number>;
}

/** What every path of the server starts with: `/prefix` or nothing. */
export function basePathOf({ container, serverArgs }: LaunchRequest): string {
  return basePathFrom(container.env, serverArgs);
}
