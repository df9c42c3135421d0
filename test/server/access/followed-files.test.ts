import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { FollowedFiles } from '../../../src/server/access/followed-files.js';

async function follow(context: TestContext, ...texts: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-followed-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const paths = texts.map((_, index) => join(folder, `file-${index}`));
  const write = (index: number, text: string) => writeFile(paths[index] ?? '', text);
  await Promise.all(texts.map((text, index) => write(index, text)));
  const events: string[] = [];
  const files = new FollowedFiles({
    paths,
    take: (contents) => {
      const text = contents.join('+');
      if (text.includes('bad')) throw new Error(`not right: ${text}`);
      events.push(`take ${text}`);
    },
    onTaken: () => events.push('taken'),
    onFault: (reason) => events.push(reason),
  });
  return { files, write, events, paths };
}

describe('followed files', () => {
  it('are put to use when they are opened and again when one changed, not otherwise', async (context) => {
    const { files, write, events } = await follow(context, 'a', 'b');
    await files.open();
    await files.look();
    await write(1, 'c');
    await files.look();
    await files.look();
    assert.deepEqual(events, ['take a+b', 'take a+c', 'taken']);
  });

  it('stay as they were while a new one is not right or not there, which is told once, and heal', async (context) => {
    const { files, write, events, paths } = await follow(context, 'a', 'b');
    await files.open();
    await write(0, 'bad');
    await files.look();
    await files.look();
    await rm(paths[0] ?? '');
    await files.look();
    await write(0, 'good');
    await files.look();
    await files.look();
    assert.equal(events[1], 'not right: bad+b');
    assert.match(events[2] ?? '', /file-0 cannot be read: ENOENT/);
    assert.deepEqual(events.slice(3), ['take good+b', 'taken']);
  });

  it('that come back as they were are no news', async (context) => {
    const { files, write, events } = await follow(context, 'a');
    await files.open();
    await write(0, 'bad');
    await files.look();
    await write(0, 'a');
    await files.look();
    assert.deepEqual(events, ['take a', 'not right: bad', 'take a']);
  });

  it('must be right when they are opened', async (context) => {
    const { files } = await follow(context, 'bad');
    await assert.rejects(files.open(), /not right: bad/);
  });

  const skip = process.platform === 'win32' && 'there are no pipes in folders';

  it('stay as they were while a pipe, a device or gigabytes stand in their place', { skip }, async (context) => {
    const { files, write, events, paths } = await follow(context, 'a');
    const [path = ''] = paths;
    await files.open();
    const places = [
      () => execFileSync('mkfifo', [path]),
      () => symlink('/dev/zero', path),
      async () => {
        await writeFile(path, '');
        await truncate(path, 3e9);
      },
    ];
    for (const put of places) {
      await rm(path);
      await put();
      await files.look();
      await files.look();
    }
    await rm(path);
    await write(0, 'b');
    await files.look();
    // The second place has the fault of the first, which is told once.
    assert.match(events[1] ?? '', /file-0 cannot be read: it is not a regular file/);
    assert.match(events[2] ?? '', /file-0 cannot be read: it has 3000000000 bytes/);
    assert.deepEqual(events.slice(3), ['take b', 'taken']);
  });
});
