import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { parseSmapsRollup } from '../../bench/targets/server-facts.js';

describe('the memory of a process', () => {
  it('is read from smaps_rollup in kilobytes', () => {
    const text = '00400000-7ffd ---p 00000000 00:00 0 [rollup]\nRss:   2048 kB\nPss:   1024 kB\nPss_Anon: 512 kB\n';
    assert.deepEqual(parseSmapsRollup(text), { rssBytes: 2_097_152, pssBytes: 1_048_576 });
    assert.equal(parseSmapsRollup(''), undefined);
  });

  it('never counts more by shares than as a whole', async (t) => {
    const memory = parseSmapsRollup(await readFile('/proc/self/smaps_rollup', 'utf8').catch(() => ''));
    if (memory === undefined) t.skip('this kernel has no smaps_rollup');
    else assert.ok(memory.pssBytes > 0 && memory.pssBytes <= memory.rssBytes);
  });
});
