import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { logFilesOf, readLog, RotatingLog } from '../../../src/launch/native/log.js';
import { LineCutter } from '../../../src/launch/text/line-cutter.js';

const folder = await mkdtemp(join(tmpdir(), 'slipway-native-log-'));

after(() => rm(folder, { recursive: true }));

describe("a native server's log", () => {
  it('is cut into lines wherever the chunks end, an unfinished one at the end', () => {
    const lines: string[] = [];
    const cutter = new LineCutter((text) => lines.push(text));
    for (const text of ['a', 'b\nc', '\n', 'd']) cutter.push(text);
    cutter.end();
    assert.deepEqual(lines, ['ab\n', 'c\n', 'd']);
  });

  it('is put aside when full, and read over all files with tail, since and timestamps', async () => {
    const path = join(folder, 'rotated.log');
    const log = new RotatingLog(path, { maxBytes: 120, maxFiles: 3 });
    for (let at = 1; at <= 9; at += 1) log.write({ atMs: at * 1000, stream: 'stdout', text: `line ${at}\n` });
    log.close();
    const files = logFilesOf(path, 3);
    const sizes = await Promise.all(files.map(async (file) => (await readFile(file, 'utf8')).length));
    assert.ok(
      sizes.every((size) => size > 0 && size <= 120),
      sizes.join(),
    );
    const source = { path, hasEnded: () => Promise.resolve(true) };
    const read = async (query: object): Promise<string> => {
      let text = '';
      for await (const { data } of readLog(source, query)) text += data.toString();
      return text;
    };
    assert.equal(await read({}), 'line 5\nline 6\nline 7\nline 8\nline 9\n');
    assert.equal(await read({ tail: 1, timestamps: true }), '1970-01-01T00:00:09.000Z line 9\n');
    assert.equal(await read({ sinceSeconds: 8 }), 'line 8\nline 9\n');
    assert.equal(await read({ follow: true, tail: 0 }), '');
  });

  it('loses lines while the disk is full, says how many, and is read whole', async () => {
    const path = join(folder, 'full.log');
    let room = Infinity;
    const append = ((fd: number, bytes: Buffer, from: number) => {
      if (room === 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      const taken = Math.min(room, bytes.length - from);
      room -= taken;
      return writeSync(fd, bytes, from, taken);
    }) as typeof writeSync;
    const log = new RotatingLog(path, { maxBytes: 100_000, maxFiles: 2 }, append);
    const write = (text: string): void => log.write({ atMs: 1000, stream: 'stdout', text: `${text}\n` });
    write('before');
    room = 20;
    for (const text of ['cut', 'lost', 'lost']) write(text);
    room = Infinity;
    for (const text of ['after', 'later']) write(text);
    log.close();
    let read = '';
    const source = { path, hasEnded: () => Promise.resolve(true) };
    for await (const { data } of readLog(source)) read += data.toString();
    assert.equal(read, 'before\n3 lines of the log are lost here: they could not be written\nafter\nlater\n');
  });

  it('stays within its size where the next file cannot be made, and says what that cost', async () => {
    const path = join(folder, 'kept.log');
    const log = new RotatingLog(path, { maxBytes: 200, maxFiles: 2 });
    for (const text of ['1\n', '2\n', '3\n', '4\n']) log.write({ atMs: 1000, stream: 'stdout', text });
    await mkdir(join(folder, 'kept.log.1/taken'), { recursive: true });
    for (const text of ['5\n', '6\n']) log.write({ atMs: 1000, stream: 'stdout', text });
    await rm(join(folder, 'kept.log.1'), { recursive: true });
    log.write({ atMs: 1000, stream: 'stdout', text: '7\n' });
    log.close();
    assert.match(await readFile(path, 'utf8'), /"2 lines of the log are lost here/);
    assert.match(await readFile(`${path}.1`, 'utf8'), /"1\\n"/);
  });

  it('passes over what is no line of it', async () => {
    const path = join(folder, 'garbage.log');
    const line = '{"atMs":1000,"stream":"stdout","text":"ok\\n"}';
    const garbage = [
      'x',
      '5',
      'null',
      '[]',
      '{}',
      '{"atMs":1e300,"stream":"stdout","text":"late"}',
      '{"atMs":1000,"text":5}',
    ];
    await writeFile(path, `${[...garbage, line].join('\n')}\n${line.slice(0, 20)}`);
    let read = '';
    const source = { path, hasEnded: () => Promise.resolve(true) };
    for await (const { data } of readLog(source, { timestamps: true })) read += data.toString();
    assert.equal(read, '1970-01-01T00:00:01.000Z ok\n');
  });

  it('is followed across the moment at which a new file takes its name', async () => {
    const path = join(folder, 'followed.log');
    await writeFile(path, '');
    const log = new RotatingLog(path, { maxBytes: 60, maxFiles: 2 });
    const stop = new AbortController();
    const source = { path, hasEnded: () => Promise.resolve(false) };
    let seen = 0;
    log.write({ atMs: 1000, stream: 'stdout', text: '1\n' });
    for await (const { data } of readLog(source, { follow: true, signal: stop.signal })) {
      seen += 1;
      assert.equal(data.toString(), `${seen}\n`);
      if (seen === 5) stop.abort();
      else log.write({ atMs: 1000, stream: 'stdout', text: `${seen + 1}\n` });
    }
    log.close();
    assert.equal(seen, 5);
  });
});
