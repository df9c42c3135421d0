import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { temporaryFolder } from '../support/folder.js';

const script = resolve('tools/supply/bases.js');
const files = ['cpu', 'gpu', 'cuda'].map((variant) => `docker/Dockerfile.${variant}`);

/** A base as docker/bases.json has it. */
export interface Base {
  readonly image: string;
  readonly platforms: readonly string[];
  readonly digest: string | null;
}

/** A copy of every file that names a base, and tools/supply/bases.js run on it. */
export function openBases() {
  const folder = temporaryFolder('bases-');
  for (const file of [...files, 'docker/docker-bake.hcl', 'docker/bases.json', '.devcontainer/Dockerfile']) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(file, join(folder, file));
  }
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return {
    read,
    write: (file: string, text: string): void => writeFileSync(join(folder, file), text),
    bases: (): readonly Base[] => JSON.parse(read('docker/bases.json')) as readonly Base[],
    run: async (...args: readonly string[]) => {
      const env = { ...process.env, HOME: folder, DOCKER_CONFIG: join(folder, 'none') };
      const child = spawn(process.execPath, [script, ...args], { cwd: folder, env });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
      const status = await new Promise<number | null>((done) => child.on('close', done));
      return { status, output };
    },
  };
}
