import type { Console } from './text/console.js';
import type { DockerGateway } from './docker/gateway.js';

/** The engine that a command line names; empty leaves it to DOCKER_HOST, DOCKER_CONTEXT and the docker CLI's own setting. */
export interface EngineAddress {
  readonly context?: string;
  readonly host?: string;
}

/** Input, where a command reads any: a terminal's keys or a pipe. */
export interface KeyInput extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
}

/** What the process lends to the commands; made in main.ts, replaced piece by piece in tests. */
export interface LaunchContext {
  readonly console: Console;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  readonly homeFolder: string;
  /** Folder of package.json, docker/ and models/. */
  readonly projectFolder: string;
  /** `user@machine`. */
  readonly owner: string;
  readonly stdin: KeyInput;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** The engine that an address, the environment or the docker CLI's settings name; connects when first used. */
  openGateway(address: EngineAddress): Promise<DockerGateway>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `handler` at each SIGINT and SIGTERM until the answer is called. */
  onSignal(handler: (signal: NodeJS.Signals) => void): () => void;
  /** Ends the process with this code once the command is done; 0 unless set. */
  setExitCode(code: number): void;
}
