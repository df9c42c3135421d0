// Writes man/slipway.1 and man/launch.1 from the definitions of both programs' flags (src/manual). `npm pack` does so by itself; by hand, to
// look at them: node tools/man.js && man -l man/launch.1
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildIfStale } from './build.js';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Writes the pages; dist has to be built. */
export function writeMan() {
  const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const date = new Date().toISOString().slice(0, 10);
  execFileSync(process.execPath, [at('dist/src/manual/main.js'), at('man'), version, date], { stdio: 'inherit' });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildIfStale();
  writeMan();
  console.log('wrote man/slipway.1 and man/launch.1: man -l man/launch.1');
}
