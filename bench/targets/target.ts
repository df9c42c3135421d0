/** A server under test. */
export interface Target {
  readonly name: string;
  readonly kind: 'native' | 'container' | 'url';
  readonly origin: Origin;
  /** Process of a native server. */
  readonly pid?: number;
  readonly image?: string;
  /** From start to ready by parts, as the server says. */
  readonly startParts: Readonly<Record<string, number>>;
  /** Milliseconds from start to the first answer; absent where it already ran. */
  readonly startedInMs?: number;
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
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${basePath}`;
}

/** How a target is started. `startedAt` on, until it answers, is a cold start. */
export interface TargetPlan {
  readonly name: string;
  start(options: StartOptions): Promise<Target>;
}

export interface StartOptions {
  /** Folder with the models. */
  readonly repository: string;
  readonly signal: AbortSignal;
  readonly narrate: (line: string) => void;
}
