import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

  it('gives way to the text of a load call as a whole, which says what does not hold of it and leaves the file alone', async () => {
    const given =
      '{"$schema": "x", "classification": {"labels": "l.txt"}, "batching": {"maxRows": 4}, "warmup": false}';
    await read(Buffer.from(given));
    const noteOf = async (override: string, place: string | undefined = folder) => {
      const { json, notes = [] } = await readConfig(place, { homes: [folder], override });
      assert.deepEqual(json, JSON.parse(override));
      return notes.join('\n');
    };
    assert.match(
      await noteOf('{"batching": {"maxRows": 2}}'),
      /holds in place of all of model\.json, so that its 'classification', 'warmup' do not hold; a load without one/,
    );
    assert.match(await noteOf('{"classification": {}, "batching": {}, "warmup": true}'), /all of model\.json; a load/);
    assert.match(await noteOf('{}', join(folder, 'elsewhere')), /all of model\.json; a load/);
    assert.equal(await readFile(join(folder, 'model.json'), 'utf8'), given);
    const own = await readConfig(folder, { homes: [folder] });
    assert.deepEqual([own.json.batching, own.notes], [{ maxRows: 4 }, undefined]);
  });
});
