import { spawn } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url);

/** Puts models into a folder as a repository. */
export async function fillRepository(folder, cases) {
  for (const { name, path } of cases) {
    await mkdir(join(folder, name), { recursive: true });
    await copyFile(path, join(folder, name, 'model.onnx'));
  }
}

/** Starts the server as a user does, and answers when it has tried every model: its URL, the index by name, and how to stop it. */
export async function startServer({ models, port, cache }) {
  const args = [
    'start',
    '--',
    '--models',
    models,
    '--port',
    String(port),
    '--execution-provider',
    'cpu',
    '--cache-dir',
    cache,
  ];
  const child = spawn('npm', args, { cwd: root, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-4000)));
  const ended = new Promise((resolve) => child.once('close', resolve));
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (hasEnded) throw new Error(`the server ended: ${said}`);
    const index = await readIndex(url);
    if (index !== undefined && index.every(({ state }) => state !== 'LOADING')) {
      const stop = () => {
        if (!hasEnded) process.kill(-child.pid, 'SIGTERM');
        return ended;
      };
      return { url, index: new Map(index.map((entry) => [entry.name, entry])), stop };
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function readIndex(url) {
  try {
    const response = await fetch(`${url}/v2/repository/index`, { method: 'POST' });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}
