import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** Starts the benchmark with a folder of its own for temporary files and waits until it measures. */
async function startBench(...flags: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-process-'));
  folders.push(folder);
  const child = spawn(process.execPath, ['dist/bench/main.js', ...flags], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const lines: string[] = [];
  const reader = createInterface(child.stderr).on('line', (line) => lines.push(line));
  const measures = async (): Promise<void> => {
    while (!lines.some((line) => line.includes('latency'))) await once(reader, 'line');
  };
  return { child, folder, lines, exited, measures };
}

/** Processes whose command line or environment names the folder. */
async function findProcesses(folder: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const texts = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
      return `${await read('cmdline')}${await read('environ')}`;
    }),
  );
  return pids.filter((_, i) => texts[i]?.includes(folder));
}

describe('the process of the benchmark', () => {
  it('ends everything on Ctrl-C: no process and no file is left', async () => {
    const { child, folder, exited, measures } = await startBench('--quick', '--model', 'anomaly');
    await measures();
    child.kill('SIGINT');
    assert.deepEqual(await exited, [130, null]);
    assert.deepEqual([await findProcesses(folder), await readdir(folder)], [[], []]);
  });

  it('leaves no process even when it is killed', async () => {
    const { child, folder, exited, measures } = await startBench('--quick', '--model', 'anomaly');
    await measures();
    child.kill('SIGKILL');
    await exited;
    while ((await findProcesses(folder)).length > 0) await turn();
  });

  it('answers wrong flags with what to type, and exits with 2', async () => {
    for (const [flags, expected] of [
      [
        ['--model', 'digit'],
        /--model digit: no such model or file\. There are anomaly, digits, random-convolution-net/,
      ],
      [['--models', '/nowhere'], /--models \/nowhere: there is no such folder\. Type: npm run bench -- --models DIR/],
      [['--baseline', '/nowhere.json'], /cannot be read.*Write one first: npm run bench -- --json \/nowhere\.json/],
      [['--target', 'none', '--url', 'ftp://x'], /--url ftp:\/\/x: expected http:\/\/host:port/],
    ] as const) {
      const { exited, lines } = await startBench(...flags);
      assert.deepEqual(await exited, [2, null]);
      assert.match(lines.join('\n'), expected);
    }
  });

  it('says why nothing could be measured, and exits with 1', async () => {
    const { exited, lines, folder } = await startBench(
      '--quick',
      '--model',
      'anomaly',
      '--target',
      'none',
      '--url',
      'http://127.0.0.1:9',
    );
    assert.deepEqual(await exited, [1, null]);
    assert.match(lines.join('\n'), /No server could be measured\. http:\/\/127\.0\.0\.1:9: no server answers/);
    assert.deepEqual(await readdir(folder), []);
  });
});
