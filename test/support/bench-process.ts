import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';

/** A benchmark that runs as a user would run it. */
export interface BenchProcess {
  readonly child: ChildProcess;
  /** Its own folder for temporary files. */
  readonly folder: string;
  /** What it wrote on stderr so far. */
  readonly lines: readonly string[];
  /** Exit code and signal. */
  readonly exited: Promise<readonly [number | null, string | null]>;
  /** Resolves once a line on stderr holds the text; rejects with all lines where it ended before. */
  readonly seen: (text: string) => Promise<void>;
}

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** Starts the benchmark in a process of its own, which leads a group. */
export async function startBench(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BenchProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-process-'));
  folders.push(folder);
  const child = spawn(process.execPath, ['dist/bench/main.js', ...flags], {
    env: { ...process.env, ...env, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const lines: string[] = [];
  const reader = createInterface(child.stderr).on('line', (line) => lines.push(line));
  const exited = Promise.all([once(child, 'exit'), once(reader, 'close')]).then(
    ([[code, signal]]) => [code, signal] as [number | null, string | null],
  );
  const seen = async (text: string): Promise<void> => {
    while (!lines.some((line) => line.includes(text))) {
      const ended = exited.then(() => Promise.reject(new Error(`never said "${text}":\n${lines.join('\n')}`)));
      await Promise.race([once(reader, 'line'), ended]);
    }
  };
  return { child, folder, lines, exited, seen };
}
