import type { ContainerVariant } from './labels.js';

/** How a server runs. */
export type ServerVariant = ContainerVariant | 'native';

/** What a program asks of the launcher. Everything left out is decided as `launch up` decides it. */
export interface LaunchWish {
  /** `auto` takes what fits the machine and says why; anything else never falls back. */
  readonly variant?: 'auto' | ServerVariant;
  /** Dockerfile to build and run instead of an image that the launcher chooses. */
  readonly dockerfile?: string;
  /** Image to run instead. */
  readonly image?: string;
  /** Folder with models; undefined: the bundled ones. */
  readonly models?: string;
  /** Port on 127.0.0.1; 8000 unless given. */
  readonly port?: number;
  readonly name?: string;
  readonly readyTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Hears what happens: decision, build and pull progress, readiness. One line a call. */
  readonly onNarration?: (line: string) => void;
}

/** A server that runs and is ready; it stays when this program ends. */
export interface LaunchedServer {
  /** `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly name: string;
  readonly variant: ServerVariant;
  /** Whether it ran already. */
  readonly isReused: boolean;
  /** Drains and ends it. */
  stop(): Promise<void>;
}
