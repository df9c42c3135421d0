import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listUnpacked, unpack } from '../../src/store/transfer/unpack.js';
import { limitsOf, type UnpackLimits } from '../../src/store/transfer/unpack-budget.js';
import { temporaryFolder } from '../support/folder.js';
import { tarOf } from './registry-stand-in.js';

/** Unpacks bytes, within limits, into a folder of its own. */
function unfold(bytes: Buffer, limits: Partial<UnpackLimits> = {}) {
  const [archive, root] = [join(temporaryFolder('archive-'), 'a.tar.gz'), temporaryFolder('unpack-')];
  writeFileSync(archive, gzipSync(bytes));
  const unpacking = { isGzip: true, placeOf: (path: string) => path };
  const done = unpack(archive, { root, shown: 'a.tar.gz', unpacking, limits: { entries: 100, bytes: 1e6, ...limits } });
  return { root, done };
}

const files = (count: number, text: string) => Array.from({ length: count }, (_, n) => ({ name: `m/${n}`, text }));

describe('an archive with models', () => {
  it('is unpacked up to the limits, to the byte and to the entry', async () => {
    const bytes = await tarOf(files(3, 'x'.repeat(1000)));
    const { root, done } = unfold(bytes, { entries: 3, bytes: 3000 });
    await done;
    assert.deepEqual(readdirSync(join(root, 'm')), ['0', '1', '2']);
    assert.equal(readFileSync(join(root, 'm/2'), 'utf8').length, 1000);
    for (const [limits, said] of [
      [{ entries: 3, bytes: 2999 }, /holds more than 2999 bytes, which is what the disk has left/],
      [{ entries: 2, bytes: 3000 }, /holds more than 2 files, folders and links/],
    ] as const)
      await assert.rejects(unfold(bytes, limits).done, { code: 'MODEL_INVALID', message: said });
  });

  it('that unfolds to far more than it is gets no byte of that written', async () => {
    const bytes = await tarOf([{ name: 'm', text: Buffer.alloc(8 << 20) }]);
    const { root, done } = unfold(bytes);
    await assert.rejects(done, { code: 'MODEL_INVALID', message: /more than 1000000 bytes/ });
    assert.equal(existsSync(join(root, 'm')), false);
  });

  it('counts the copies that its links ask for, and links and folders as entries', async () => {
    const links = Array.from({ length: 9 }, (_, n) => ({ name: `m/${n}`, type: 'link', linkname: 'm/file' }) as const);
    const bytes = await tarOf([{ name: 'm/file', text: 'x'.repeat(1000) }, ...links]);
    await unfold(bytes, { bytes: 10_000 }).done;
    await assert.rejects(unfold(bytes, { bytes: 9_999 }).done, { message: /more than 9999 bytes/ });
    const folders = Array.from({ length: 101 }, (_, n) => ({ name: `f${n}`, type: 'directory' }) as const);
    await assert.rejects(unfold(await tarOf(folders)).done, {
      message: /more than 100 files, folders and links/,
    });
  });

  it('has no link that leads out of its folder, by way of others either, nor to nothing or itself', async () => {
    const link = (name: string, linkname: string) => ({ name, type: 'symlink', linkname }) as const;
    const model = { name: 'm/model', text: 'x' };
    const up = { name: 'm/x/y/z/up', linkname: '../../..' };
    const list = async (...entries: Parameters<typeof tarOf>[0]) => {
      const { root, done } = unfold(await tarOf([model, ...entries]));
      await done;
      return (await listUnpacked(root, [])).map(({ path }) => path);
    };
    const inside = await list(link('m/also', 'model'), link('m/x/up', '../..'), link('m/folder', 'x/up/m'));
    assert.deepEqual(inside.toSorted(), ['m/also', 'm/model']);
    const deep = link(up.name, up.linkname);
    for (const [entries, said] of [
      [[deep, link(`${up.name}/out`, '../../../../..')], /m\/out, a link to ".+", which is \/.*, outside its folder/],
      [[deep, link('m/out', 'x/y/z/up/../..')], /m\/out, a link to .* outside its folder/],
      [[link('m/none', 'nothing')], /m\/none, a link to "nothing", which is not there/],
      [[link('m/a', 'b'), link('m/b', 'a')], /m\/[ab], a link to "[ab]", which is not there/],
    ] as const)
      await assert.rejects(list(...entries), { code: 'MODEL_INVALID', message: said });
  });

  it('is refused where it says megabytes of a file that does not come', async () => {
    const header = (await tarOf([{ name: 'PaxHeader', text: 'x' }])).subarray(0, 512);
    header.write('x', 156);
    header.write((1 << 30).toString(8).padStart(11, '0'), 124);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const promised = Buffer.concat([header, Buffer.alloc(16 << 20, 0x61)]);
    const first = (await tarOf([{ name: 'm', text: 'x'.repeat(700) }])).subarray(0, 512 + 1024);
    for (const bytes of [promised, Buffer.concat([first, promised])])
      await assert.rejects(unfold(bytes).done, {
        code: 'MODEL_INVALID',
        message: /4194304 bytes without a file among them/,
      });
  });

  it('with a file of many megabytes among small ones is unpacked whole', async () => {
    const large = Buffer.alloc(12 << 20, 7);
    const bytes = await tarOf([
      { name: 'a', text: 'a' },
      { name: 'b', text: large },
      { name: 'c', text: 'c' },
    ]);
    const { root, done } = unfold(bytes, { bytes: 2 ** 30 });
    await done;
    assert.deepEqual(readFileSync(join(root, 'b')), large);
    assert.equal(readFileSync(join(root, 'c'), 'utf8'), 'c');
  });

  it('may be as large as its disk has left', async () => {
    const { entries, bytes } = await limitsOf(temporaryFolder('disk-'));
    assert.ok(entries === 100_000 && bytes > 0 && Number.isSafeInteger(bytes), `${bytes}`);
  });
});
