// Builds, then runs test files with Node's own runner: all that need nothing but Node, or those under the folders named.
import { spawn, spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
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
// Suites that share one engine, cluster or GPU run a file at a time: what one file starts or stops, another would see. By itself Node
// leaves one processor free, which on two of them means one file at a time for all.
const shared = ['engine', 'kubernetes', 'gpu'].map((name) => join('dist', 'test', name));
const alone = files.some((file) => shared.some((path) => file.startsWith(`${path}/`)));
const concurrency = `--test-concurrency=${alone ? 1 : availableParallelism()}`;
// A file that waits for ever fails by its name; the slowest one takes a minute and a half on two busy processors, and five on very busy ones.
const clock = `--test-timeout=${(alone ? 20 : 10) * 60_000}`;
const reporter = process.stdout.isTTY ? [] : ['--test-reporter=tap', '--test-reporter-destination=stdout'];
const runner = ['--enable-source-maps', '--test', concurrency, clock, ...reporter];
const child = spawn(process.execPath, [...runner, ...flags, ...files], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    const { stdout } = spawnSync('ps', ['-o', 'args=', '--ppid', String(child.pid)], { encoding: 'utf8' });
    const running = files.filter((file) => stdout?.includes(file));
    console.log(`# ${signal} while these ran: ${running.join(', ') || 'none'}`);
    child.kill(signal);
  });
}
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
