import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { startPeer, type PeerStart } from '../../../../bench/peers/hosts/start.js';

const folder = await mkdtemp(join(tmpdir(), 'peer-'));
after(() => rm(folder, { recursive: true, force: true }));

/** A server that starts a process which leaves its group and its parent, as some servers' workers do. */
const script = `
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
const stray = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
stray.unref();
writeFileSync(process.argv[2], String(stray.pid));
const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
createServer((request, response) => response.end('{}')).listen(port, '127.0.0.1');
`;

const startOf = (file: string, args: readonly string[]): PeerStart => ({
  command: process.execPath,
  args: [file, ...args],
  probe: { path: '/', headers: {}, body: new Uint8Array() },
  env: process.env,
  signal: new AbortController().signal,
});

describe('a server that is compared', () => {
  it(
    'ends with all of its processes, also those that left its group',
    { skip: !existsSync('/proc/self') },
    async () => {
      const [file, note] = [join(folder, 'server.mjs'), join(folder, 'pid')];
      await writeFile(file, script);
      const server = await startPeer(startOf(file, [note]));
      const pids = [server.pid, Number(readFileSync(note, 'utf8'))];
      assert.deepEqual(pids.map(isRunning), [true, true]);
      await server.stop();
      assert.deepEqual(pids.map(isRunning), [false, false]);
    },
  );

  it('that ends before it answers is reported with its last words', async () => {
    const file = join(folder, 'broken.mjs');
    await writeFile(file, `throw new TypeError('no weights');`);
    await assert.rejects(startPeer(startOf(file, [])), /ended before it answered\. It said: .*TypeError: no weights/);
  });
});

/** An ended process that nobody has waited for yet is a zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
