import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './folder.js';
import { putModel } from './models.js';

const entry = fileURLToPath(new URL('../../src/server/main.js', import.meta.url));

/** A server in a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  /** What it has written to stderr so far. */
  readonly text: () => string;
  /** Resolves with stderr so far when it holds the text; rejects when the process ends first. */
  readonly until: (pattern: RegExp) => Promise<string>;
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
}

/** The cache of the servers of one file of tests: in one of all files, a server would report what was killed by others. */
export const processCache = temporaryFolder('slipway-process-cache-');

/** Starts the server's process on a free port; it ends with the test. */
export function startProcess(context: TestContext, ...args: readonly string[]): ServerProcess {
  return startNode(context, [], args);
}

/** The same with flags of Node's own. */
export function startNode(context: TestContext, flags: readonly string[], args: readonly string[]): ServerProcess {
  const env = { ...process.env, SLIPWAY_CACHE_DIR: processCache };
  const child = spawn(
    process.execPath,
    [...flags, entry, '--port', '0', '--execution-provider', 'cpu', '--management=yes', ...args],
    {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  const exited = once(child, 'exit');
  context.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const until = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(text)) return;
        child.stderr.off('data', look);
        child.off('close', fail);
        resolve(text);
      };
      const fail = () => reject(new Error(`ended before ${String(pattern)}: ${text}`));
      child.stderr.on('data', look);
      child.once('close', fail);
      look();
    });
  return { child, text: () => text, until, ended };
}

/** A models folder with these models, removed with the test. */
export async function folderWith(
  context: TestContext,
  ...models: readonly Parameters<typeof putModel>[1][]
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-process-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  for (const model of models) await putModel(folder, model);
  return folder;
}

/** The URL in what a server printed. */
export function urlOf(text: string): string {
  return /http:\/\/[\d.]+:\d+/.exec(text)?.[0] ?? '';
}
