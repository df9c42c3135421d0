import assert from 'node:assert/strict';
import { mkdir, open, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { cloneOrCopy, type Wanted } from '../../../src/repository/files/copy-file.js';
import { takeSnapshot } from '../../../src/repository/files/snapshot.js';
import { loadVersion, type LoaderOptions } from '../../../src/repository/loading/load-version.js';
import { StatisticsCounter } from '../../../src/repository/statistics.js';
import { putExternalModel } from '../external-model.js';
import { useWorkplace } from '../workplace.js';

const place = useWorkplace();
const mib = 1 << 20;
const beforeCopy = (): Promise<void> => Promise.resolve();

/** A signal that aborts when it is asked for the nth time, and tells how often it was. */
function abortsAt(nth: number): { readonly signal: Wanted; readonly reason: Error; readonly asked: () => number } {
  let asked = 0;
  const reason = new Error('nobody waits for it');
  const throwIfAborted = (): void => {
    asked += 1;
    if (asked >= nth) throw reason;
  };
  return { signal: { throwIfAborted }, reason, asked: () => asked };
}

/** Of so many bytes, zeros but for marks of four bytes. */
async function putFile(path: string, bytes: number, marks: readonly number[]): Promise<void> {
  const file = await open(path, 'w');
  await file.truncate(bytes);
  for (const at of marks) await file.write(Buffer.from('mark'), 0, 4, at);
  await file.close();
}

describe('a copy of a file', () => {
  for (const [what, bytes, marks] of [
    ['is empty', 0, []],
    ['has one byte', 1, []],
    ['is one piece', 16 * mib, [0]],
    ['is one piece and a byte', 16 * mib + 1, [5]],
    ['has marks on both sides of the edges of pieces', 48 * mib + 4, [16 * mib - 4, 32 * mib - 2, 48 * mib]],
    ['ends with a hole', 40 * mib, [17 * mib]],
    ['is one hole', 40 * mib, []],
  ] as const)
    it(`has every byte of it where it ${what}`, async () => {
      const folder = await place.folder();
      const [source, target] = [join(folder, 'source'), join(folder, 'target')];
      await putFile(source, bytes, marks);
      await cloneOrCopy(source, target, { beforeCopy });
      assert.ok((await readFile(target)).equals(await readFile(source)));
    });

  it('takes no room for what are zeros', async () => {
    const folder = await place.folder();
    const [source, target] = [join(folder, 'source'), join(folder, 'target')];
    await putFile(source, 1024 * mib, [700 * mib]);
    await cloneOrCopy(source, target, { beforeCopy });
    const { size, blocks } = await stat(target);
    assert.equal(size, 1024 * mib);
    assert.ok(blocks * 512 <= 32 * mib, `${blocks * 512} bytes`);
  });

  it('ends between any two pieces with the reason, and no part of it stays', async () => {
    const folder = await place.folder();
    const [source, target] = [join(folder, 'source'), join(folder, 'target')];
    await putFile(source, 80 * mib, [70 * mib]);
    const { signal, asked } = abortsAt(Infinity);
    await cloneOrCopy(source, target, { signal, beforeCopy });
    const isClone = asked() === 1;
    assert.ok(isClone || asked() >= 6, `${asked()} times`);
    for (let nth = 1; nth <= asked(); nth += 1) {
      const { signal: aborted, reason } = abortsAt(nth);
      const [own, other] = [join(folder, 'copies'), `target-${nth}`];
      await mkdir(own, { recursive: true });
      await assert.rejects(cloneOrCopy(source, join(own, other), { signal: aborted, beforeCopy }), reason);
      assert.deepEqual(await readdir(own), []);
    }
  });

  it('is not begun where there is no room for one, and leaves nothing where the disk is full', async () => {
    const folder = await place.folder();
    const [source, target] = [join(folder, 'source'), join(folder, 'target')];
    await putFile(source, 20 * mib, [0]);
    const failures: readonly (readonly [() => Promise<void>, RegExp])[] = [
      [() => Promise.reject(new Error('no room')), /^Error: no room$/],
      [() => symlink('/dev/full', target), /ENOSPC/],
    ];
    for (const [before, expected] of failures) {
      const clone = { isMade: true };
      const copying = cloneOrCopy(source, target, {
        beforeCopy: () => {
          clone.isMade = false;
          return before();
        },
      });
      const [outcome] = await Promise.allSettled([copying]);
      if (clone.isMade) return;
      assert.match(String(outcome.status === 'rejected' && outcome.reason), expected);
      assert.deepEqual(await readdir(folder), ['source']);
    }
  });
});

describe('a snapshot that nobody waits for any more', () => {
  it('ends with the reason wherever it is, is not used in place instead, and leaves nothing behind', async () => {
    const [folder, copies] = [await place.folder(), await place.folder()];
    const { model, weights } = await putExternalModel(folder, { k: 3, location: 'weights.bin' });
    await truncate(weights, 40 * mib);
    const take = (signal?: Wanted) => takeSnapshot(model, { homes: [folder], folder: copies, signal });
    const { signal, asked } = abortsAt(Infinity);
    const whole = await take(signal);
    assert.equal(whole.isPrivate, true);
    await whole.remove();
    assert.ok(asked() >= 3, `${asked()} times`);
    for (let nth = 1; nth <= asked(); nth += 1) {
      const { signal: aborted, reason } = abortsAt(nth);
      await assert.rejects(take(aborted), reason);
      assert.deepEqual(await readdir(copies), [], `after the ${nth}th time`);
    }
  });

  it('is not taken for a load that is over', async () => {
    const [folder, copies] = [await place.folder(), await place.folder()];
    const { model } = await putExternalModel(folder, { k: 3, location: 'weights.bin' });
    const reason = new Error('the server is shutting down');
    const request = { name: 'm', version: '1', path: model, json: {}, statistics: new StatisticsCounter(() => 0) };
    // Nothing else is looked at.
    const options = { homes: [folder], snapshotFolder: copies } as unknown as LoaderOptions;
    await assert.rejects(loadVersion(request, options, AbortSignal.abort(reason)), reason);
    assert.deepEqual(await readdir(copies), []);
  });

  it('is still used in place where its copy fails, and read again where its files changed', async () => {
    const folder = await place.folder();
    const { model } = await putExternalModel(folder, { k: 3, location: 'weights.bin' });
    const gone = join(folder, 'gone');
    await writeFile(gone, 'no folder');
    const { signal } = new AbortController();
    const used = await takeSnapshot(model, { homes: [folder], folder: gone, signal });
    assert.deepEqual([used.isPrivate, used.modelPath], [false, model]);
  });
});
