import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findFreePort } from '../../../bench/targets/free-port.js';
import { askForLife, hangs, type Sign } from '../../../src/launch/native/supervisor/hang-watch.js';
import { openNative } from '../../../src/launch/native/runner.js';

/** Whether a server that gives these signs, one a question, counts as hung; and after how many questions. */
async function judge(signs: readonly Sign[], misses = 3): Promise<readonly [boolean, number]> {
  let asked = 0;
  const ask = (): Promise<Sign> => Promise.resolve(signs[asked++] ?? 'refused');
  const pause = (): Promise<boolean> => Promise.resolve(asked < signs.length);
  return [await hangs({ ask, pause }, misses), asked];
}

describe('a server that hangs', () => {
  it('is one that answered once and then leaves three questions in a row unanswered', async () => {
    assert.deepEqual(await judge(['answer', 'silence', 'silence', 'silence', 'answer']), [true, 4]);
    assert.deepEqual(await judge(['answer', 'silence', 'silence', 'answer', 'silence', 'silence']), [false, 6]);
    assert.deepEqual(await judge(['answer', 'silence', 'silence', 'refused', 'silence', 'silence']), [false, 6]);
  });

  it('is none that has not answered yet: loading may take long', async () => {
    assert.deepEqual(await judge(['refused', 'silence', 'silence', 'silence', 'silence', 'silence']), [false, 6]);
  });

  it('is asked over HTTP: an answer of any kind, a refusal and a silence are told apart', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      if (!isMute) socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
    });
    let isMute = false;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    assert.equal(await askForLife({ host: '0.0.0.0', port }, 60_000), 'answer');
    isMute = true;
    assert.equal(await askForLife({ host: '127.0.0.1', port }, 50), 'silence');
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
    assert.equal(await askForLife({ host: '127.0.0.1', port }, 60_000), 'refused');
  });

  it('is ended by its supervisor and started again, which its log says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-hang-'));
    const runner = openNative({
      env: { ...process.env, SLIPWAY_STATE_DIR: folder },
      homeFolder: folder,
      now: Date.now,
    });
    const port = await findFreePort();
    // It stops itself, as SIGSTOP from outside would, with its tenth answer: on a busy machine some come too late to count as answers.
    const script = `let answers = 0;
      require('node:http').createServer((_, answer) => answer.end('ok', () => ++answers === 10 && process.kill(process.pid, 'SIGSTOP')))
      .listen(${port}, '127.0.0.1', () => console.log('up'));`;
    const fixed = { host: '127.0.0.1', port, args: [], env: {}, cwd: folder, config: '', labels: {} };
    const program = [process.execPath, '-e', script];
    const hangRule = { everyMs: 20, limitMs: 1000, misses: 2 };
    const first = await runner.start({
      name: 'stops',
      ...fixed,
      removeOnExit: false,
      restart: true,
      program,
      hangRule,
    });
    const lines: string[] = [];
    const seen = new AbortController();
    for await (const { data } of runner.logs('stops', { follow: true, signal: seen.signal })) {
      lines.push(data.toString());
      if (lines.filter((line) => line === 'up\n').length === 2) seen.abort();
    }
    assert.match(
      lines[1] ?? '',
      new RegExp(`^the server at 127\\.0\\.0\\.1:${port} left 2 questions unanswered for 1 s each: it hangs`),
    );
    assert.match(lines[2] ?? '', /^the server ended with signal SIGKILL; starting it again/);
    assert.notEqual((await runner.find('stops'))?.pid, first.pid);
    await runner.remove('stops', { force: true });
    await rm(folder, { recursive: true, force: true });
  });
});
