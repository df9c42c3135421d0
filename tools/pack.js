// `npm pack` runs this before (`before`: builds, declares types, copies the lock file to a name that npm packs) and after (`after`).
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildAll } from './build.js';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const copy = at('docker/package-lock.json');

if (process.argv[2] === 'before') {
  await buildAll();
  execFileSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.types.json')], {
    stdio: ['ignore', 2, 2],
  });
  copyFileSync(at('package-lock.json'), copy);
} else {
  rmSync(copy, { force: true });
}
