import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CliRun } from '../support/launch-cli.js';

const main = fileURLToPath(new URL('../../src/tool/main.js', import.meta.url));

export interface ToolOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Uint8Array | string;
  readonly onStart?: (child: ChildProcessWithoutNullStreams) => void;
}

/** Runs one command of `slipway` beside serving to its end, without a terminal; no server of this machine is taken for the one meant. */
export function runTool(args: readonly string[], { env, input = '', onStart }: ToolOptions = {}): Promise<CliRun> {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, SLIPWAY_API_KEY: '', ...env } });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (texts[stream] += text));
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  onStart?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}
