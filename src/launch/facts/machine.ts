import { execFile } from 'node:child_process';
import { arch, hostname, release } from 'node:os';
import { limitProgram } from '../../program-limit.js';

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

/** This machine. `root` moves /proc, /dev, /sys and /etc below a folder; `env` gives the PATH for programs. */
export function thisMachine(env: NodeJS.ProcessEnv, root = '/'): HostWorld {
  return {
    root,
    platform: process.platform,
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    kernel: release(),
    hostname: hostname(),
    run: (program, args, limitMs) => runProgram({ program, args, limitMs, env }),
  };
}

interface Run {
  readonly program: string;
  readonly args: readonly string[];
  readonly limitMs: number;
  readonly env: NodeJS.ProcessEnv;
}

function runProgram({ program, args, limitMs, env }: Run): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const options = { env: { ...env, LC_ALL: 'C' }, maxBuffer: 1 << 20 } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      stopClock();
      if (error === null) resolve({ kind: 'exited', code: 0, stdout, stderr });
      else if (error.code === 'ENOENT') resolve({ kind: 'missing' });
      else if (typeof error.code === 'number') resolve({ kind: 'exited', code: error.code, stdout, stderr });
      else resolve({ kind: 'failed', reason: error.message });
    });
    const stopClock = limitProgram(child, limitMs, () => resolve({ kind: 'timeout', limitMs }));
    // A program that reads its input would wait for ours.
    child.stdin?.end();
  });
}
