// Builds, then runs test files with Node's own runner: all that need nothing but Node, or those under the folders named.
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { buildIfStale } from './build.js';

const elsewhere = ['engine', 'browser', 'gpu', 'install', 'kubernetes'].map((name) => join('dist', 'test', name));
const [, , ...args] = process.argv;
const flags = args.filter((arg) => arg.startsWith('--'));
const wanted = args
  .filter((arg) => !arg.startsWith('--'))
  .map((path) => join('dist', relative('.', path)).replace(/\.ts$/, '.js'));

await buildIfStale();
const entries = await readdir(join('dist', 'test'), { recursive: true });
const files = entries
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join('dist', 'test', name))
  .filter((file) =>
    wanted.length > 0
      ? wanted.some((path) => file === path || file.startsWith(`${path}/`))
      : !elsewhere.some((path) => file.startsWith(`${path}/`)),
  )
  .sort();
if (files.length === 0) {
  console.error(`No test file under ${wanted.join(', ')}. Name a folder or file below test/.`);
  process.exit(1);
}
const child = spawn(process.execPath, ['--enable-source-maps', '--test', ...flags, ...files], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
