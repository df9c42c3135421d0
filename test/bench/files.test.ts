import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkFiles } from '../../bench/files.js';
import { temporaryFolder } from '../support/folder.js';

describe('files of the report', () => {
  it('are refused before the measurement where they cannot be written', async () => {
    const folder = temporaryFolder('report-');
    const none = join(folder, 'none', 'a.json');
    await assert.rejects(checkFiles({ json: none }), {
      code: 'USAGE',
      message: `--json ${none} cannot be written: there is no folder ${join(folder, 'none')}. Name another file.`,
    });
    await assert.rejects(checkFiles({ html: folder }), /--html .* cannot be written: it is a folder\./);
  });

  it('are neither written nor emptied by the look', async () => {
    const folder = temporaryFolder('report-');
    const old = join(folder, 'old.csv');
    writeFileSync(old, 'a,b');
    await checkFiles({ json: join(folder, 'new.json'), csv: old });
    await checkFiles({});
    assert.deepEqual(readdirSync(folder), ['old.csv']);
  });
});
