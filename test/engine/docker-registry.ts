import { spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findFreePort } from '../../bench/targets/free-port.js';
import { temporaryFolder } from '../support/folder.js';

/** Whether Debian's docker-registry is installed here. */
export const hasDockerRegistry = spawnSync('docker-registry', ['--version']).status === 0;

/** Debian's docker-registry for one test, with the users of an htpasswd file where one is given; answers `host:port`. */
export async function startDockerRegistry(context: TestContext, htpasswd?: string): Promise<string> {
  const folder = temporaryFolder('registry-');
  const port = await findFreePort();
  const config = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: `127.0.0.1:${port}` },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'models', path: join(folder, 'htpasswd') } } }),
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  if (htpasswd !== undefined) await writeFile(join(folder, 'htpasswd'), htpasswd);
  const child = spawn('docker-registry', ['serve', join(folder, 'config.json')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  context.after(() => child.kill('SIGKILL'));
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(text)));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (/listening on/.test(text)) resolve();
    });
  });
  return `127.0.0.1:${port}`;
}
