import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { startBench } from '../support/bench-process.js';

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
  it('ends everything on Ctrl-C, which a terminal sends to the whole group: no process and no file is left', async () => {
    const { child, folder, exited, seen } = await startBench(['--quick', '--model', 'anomaly']);
    await seen('latency');
    process.kill(-(child.pid ?? 0), 'SIGINT');
    assert.deepEqual(await exited, [130, null]);
    assert.deepEqual([await findProcesses(folder), await readdir(folder)], [[], []]);
  });

  it('leaves no process even when it is killed', async () => {
    const { child, folder, exited, seen } = await startBench(['--quick', '--model', 'anomaly']);
    await seen('latency');
    child.kill('SIGKILL');
    await exited;
    while ((await findProcesses(folder)).length > 0) await turn();
  });

  it('answers wrong flags with what to type, and exits with 2', async () => {
    for (const [flags, expected] of [
      [
        ['--model', 'digit'],
        /--model digit: no such model or file\. There are anomaly, digit-boxes, digits, random-convolution-net/,
      ],
      [['--models', '/nowhere'], /--models \/nowhere: there is no such folder\. Type: npm run bench -- --models DIR/],
      [['--baseline', '/nowhere.json'], /cannot be read.*Write one first: npm run bench -- --json \/nowhere\.json/],
      [['--target', 'none', '--url', 'ftp://x'], /--url ftp:\/\/x: expected http:\/\/host:port/],
    ] as const) {
      const { exited, lines } = await startBench(flags);
      assert.deepEqual(await exited, [2, null]);
      assert.match(lines.join('\n'), expected);
    }
  });

  it('says why nothing could be measured, and exits with 1', async () => {
    const { exited, lines, folder } = await startBench([
      ...'--quick --model anomaly --target none --url http://127.0.0.1:9'.split(' '),
    ]);
    assert.deepEqual(await exited, [1, null]);
    assert.match(lines.join('\n'), /No server could be measured\. http:\/\/127\.0\.0\.1:9: no server answers/);
    assert.deepEqual(await readdir(folder), []);
  });

  it('skips a container where no engine answers, says why and what to type, and measures the others', async () => {
    const flags = '--quick --model anomaly --target container-cpu --target native-cpu'.split(' ');
    const { child, lines, exited, seen } = await startBench(flags, { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    await seen('latency');
    child.kill('SIGINT');
    assert.deepEqual(await exited, [130, null]);
    const reason =
      /container-cpu could not run: No container engine answers at unix:\/\/\/nowhere\/docker\.sock.*--target native-cpu/;
    assert.match(lines.join('\n'), reason);
  });
});
