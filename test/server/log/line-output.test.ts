import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { readFileSync, writeSync, type write } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { LineOutput } from '../../../src/server/log/line-output.js';

async function openFile(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-lines-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'log');
  const file = await open(path, 'w');
  context.after(() => file.close());
  return { fd: file.fd, text: () => readFileSync(path, 'utf8') };
}

const lines = Array.from({ length: 1000 }, (_, n) => `line ${n} \u00fc\n`);

describe('the output of lines', () => {
  it('writes nothing while the caller runs, and every line in order afterwards', async (context) => {
    const { fd, text } = await openFile(context);
    const output = new LineOutput(fd);
    for (const line of lines.slice(0, 500)) output.write(line);
    assert.equal(text(), '');
    for (const line of lines.slice(500)) {
      output.write(line);
      await promisify(setImmediate)();
    }
    while (text().length < lines.join('').length) await promisify(setImmediate)();
    assert.equal(text(), lines.join(''));
  });

  it('writes at once what waits when it is flushed', async (context) => {
    const { fd, text } = await openFile(context);
    const output = new LineOutput(fd);
    for (const line of lines) output.write(line);
    output.flush();
    assert.equal(text(), lines.join(''));
  });

  it('loses lines where nobody can take them, and throws nothing', () => {
    const output = new LineOutput(999_999);
    output.write('lost\n');
    output.flush();
    output.write('lost too\n');
    output.flush();
  });

  it('keeps the lines while the disk is full, and writes them in order once it has room', async (context) => {
    const { fd, text } = await openFile(context);
    let room = 10;
    const tried: EventEmitter = new EventEmitter();
    const append = ((
      _fd: number,
      bytes: Buffer,
      done: (error: NodeJS.ErrnoException | null, written: number) => void,
    ) => {
      const taken = Math.min(room, bytes.length);
      room -= taken;
      if (taken > 0) writeSync(fd, bytes, 0, taken);
      setImmediate(() => {
        done(taken > 0 ? null : Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }), taken);
        tried.emit(taken > 0 ? 'written' : 'full');
      });
    }) as typeof write;
    const output = new LineOutput(fd, append);
    output.write('the first line\n');
    await once(tried, 'full');
    output.write('meanwhile\n');
    assert.equal(text(), 'the first ');
    room = 1000;
    const keepAlive = setInterval(() => undefined, 1000);
    await once(tried, 'written');
    clearInterval(keepAlive);
    assert.equal(text(), 'the first line\nmeanwhile\n');
    room = 0;
    output.write('and the last\n');
    await once(tried, 'full');
    output.flush();
    assert.equal(text(), 'the first line\nmeanwhile\nand the last\n');
  });
});
