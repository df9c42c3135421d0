/** How a program ended that a probe ran. */
export type ProgramResult =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'timeout'; readonly limitMs: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** The machine as the probes see it; tests give a folder as its root and programs of their own. */
export interface HostWorld {
  readonly root: string;
  readonly platform: NodeJS.Platform;
  readonly architecture: string;
  readonly kernel: string;
  readonly hostname: string;
  /** Runs a program found on PATH, or by its absolute path, for as long as the limit lets it. */
  run(program: string, args: readonly string[], limitMs: number): Promise<ProgramResult>;
}
