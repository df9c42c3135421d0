import type { LaunchContext } from './context.js';
import type { DockerGateway } from './docker/gateway.js';
import type { Facts } from './facts.js';
import type { Wish } from './wish.js';

/** One launch from its wish to its end. */
export interface Session {
  readonly context: LaunchContext;
  readonly gateway: DockerGateway;
  readonly wish: Wish;
  readonly facts: Facts;
  readonly options: StartOptions;
  /** Aborted at the first Ctrl-C before the server is ready. */
  readonly signal: AbortSignal;
}

export interface StartOptions {
  readonly replace: boolean;
  /** Keep a container that did not become ready. */
  readonly keep: boolean;
  readonly timeoutMs: number;
  /** Where the server's output goes while it is followed; undefined: nowhere. */
  readonly follow?: 'output' | 'narration';
}

/** What every path of the server starts with: `/prefix` or nothing. */
export function basePathOf({ container, serverArgs }: Wish): string {
  const at = serverArgs.indexOf('--base-path');
  const flag = at >= 0 ? serverArgs[at + 1] : serverArgs.find((arg) => arg.startsWith('--base-path='))?.slice(12);
  return (flag ?? container.env['SLIPWAY_BASE_PATH'] ?? '').replace(/\/$/, '');
}
