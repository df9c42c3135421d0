// `npm pack` runs this before (`before`: builds, declares types, writes the manual pages, copies the lock file to a name that npm packs) and after (`after`).
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAll } from './build.js';
import { writeMan } from './man.js';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const copy = at('docker/package-lock.json');

/** Deletes the declarations that no exported one imports: the compiler writes them for every file that it has read. */
function keepExportedTypes(folder) {
  const { exports } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const wanted = Object.values(exports).map(({ types }) => at(types));
  const kept = new Set(wanted);
  for (const path of wanted) {
    for (const [, target] of readFileSync(path, 'utf8').matchAll(/(?:from|import\() ?["'](\.[^"']+)\.js["']/g)) {
      const file = `${join(dirname(path), target)}.d.ts`;
      if (!kept.has(file) && existsSync(file)) wanted.push(file);
      kept.add(file);
    }
  }
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name);
    if (path.endsWith('.d.ts') && !kept.has(path)) rmSync(path);
  }
}

if (process.argv[2] === 'before') {
  await buildAll();
  execFileSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.types.json')], {
    stdio: ['ignore', 2, 2],
  });
  keepExportedTypes(at('dist/src'));
  writeMan();
  copyFileSync(at('package-lock.json'), copy);
} else {
  rmSync(copy, { force: true });
}
