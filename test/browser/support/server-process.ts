import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { putModel, sumAndDifference } from '../../support/models.js';

/** A server as users start it, on a free port. */
export interface ServerProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves the bundled models, `sum` (two INT32 inputs), `broken` (not an ONNX file) and what `prepare` puts into the folder. */
export async function startServerProcess(
  prepare?: (folder: string) => Promise<void>,
  flags: readonly string[] = [],
): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-page-'));
  await cp('models', folder, { recursive: true });
  await putModel(folder, { name: 'sum', graph: sumAndDifference });
  await mkdir(join(folder, 'broken', '1'), { recursive: true });
  await writeFile(join(folder, 'broken', '1', 'model.onnx'), 'not a model');
  await prepare?.(folder);
  const args = ['bin/slipway.cjs', '--port', '0', '--models', folder, '--cache-dir', join(folder, '.cache'), ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const url = await findUrl(child.stderr);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

/** The address that the server prints, once it also says that it started. Throws with what it printed instead. */
async function findUrl(stderr: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const line of createInterface({ input: stderr })) {
    text += `${line}\n`;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    if (url !== undefined && /^(not )?ready\b/.test(line)) return url;
  }
  throw new Error(`The server ended before it had started:\n${text}`);
}
