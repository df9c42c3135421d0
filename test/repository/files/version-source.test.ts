import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readConfig } from '../../../src/repository/files/version-source.js';

const text = '{"classification": {"labels": ["Größe", "猫", "🚢"]}}';
const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();
const mark = '\ufeff';

describe('model.json', () => {
  let folder = '';
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-config-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  const read = async (bytes: Buffer) => {
    await writeFile(join(folder, 'model.json'), bytes);
    return readConfig(folder, { homes: [folder] });
  };

  it('is read in UTF-8, and in UTF-16 with a byte order mark, with every character', async () => {
    const wide = Buffer.from(mark + text, 'utf16le');
    for (const bytes of [Buffer.from(text), Buffer.from(mark + text), wide, swapped(wide)]) {
      const { json, problem } = await read(bytes);
      assert.equal(problem, undefined);
      assert.deepEqual(json.classification?.labels, ['Größe', '猫', '🚢']);
    }
  });

  it('is refused in other encodings, and the fix is named', async () => {
    for (const bytes of [Buffer.from(text, 'latin1'), Buffer.from([0x22, 0x80, 0x22])]) {
      const { json, problem } = await read(bytes);
      assert.deepEqual(json, {});
      assert.match(problem ?? '', /^model\.json cannot be read \(it is not text in UTF-8: save it in that encoding\)/);
    }
  });
});
