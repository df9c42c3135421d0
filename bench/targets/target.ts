import { bracket } from '../../src/protocol/authority.js';
import type { TargetImage } from '../types.js';

/** A server under test. */
export interface Target {
  readonly name: string;
  readonly kind: 'native' | 'container' | 'url';
  readonly origin: Origin;
  /** Process of a native server. */
  readonly pid?: number;
  readonly image?: TargetImage;
  /** From start to ready by parts, as the server says. */
  readonly startParts: Readonly<Record<string, number>>;
  /** Milliseconds from the start of the process or container until it was ready; absent where it already ran. */
  readonly readyAfterMs?: number;
  stop(): Promise<void>;
}

/** Where a server listens and what every request carries. */
export interface Origin {
  readonly host: string;
  readonly port: number;
  /** What every path starts with, without a slash at its end. */
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `http://127.0.0.1:8000`. */
export function urlOf({ host, port, basePath }: Origin): string {
  return `http://${bracket(host)}:${port}${basePath}`;
}

/** How a target is started. */
export interface TargetPlan {
  readonly name: string;
  start(options: StartOptions): Promise<Target>;
}

/** What every target needs to start. */
export interface StartOptions {
  /** Folder with the models. */
  readonly repository: string;
  /** Whether models are loaded anew, which a server allows nobody by itself. */
  readonly isManaged?: boolean;
  readonly signal: AbortSignal;
  readonly narrate: (line: string) => void;
}
