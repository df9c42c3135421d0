import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readShipped, TrustStore } from '../../src/repository/proof/trust-store.js';
import { useWorkplace } from '../repository/workplace.js';

const place = useWorkplace();

async function openBundled(file: string) {
  const trust = new TrustStore({
    folder: await place.folder(),
    userId: process.getuid?.(),
    runtimeVersion: place.runner.status().runtimeVersion,
    shipped: await readShipped(file),
    clock: () => 1_700_000_000_000,
  });
  return (await place.open('models', { trust })).ready();
}

describe('the bundled models', () => {
  it('need no trial, by a record that says what a trial finds (else run: node tools/trust-models.js)', async () => {
    const shipped = await openBundled('models/trusted.json');
    const tried = await openBundled('no such file');
    assert.deepEqual(
      shipped.map(({ name, trial }) => [name, trial]),
      ['anomaly', 'digit-boxes', 'digits'].map((name) => [name, 'none: it came with the server, tried']),
    );
    for (const [index, { trial, config, notes }] of tried.entries()) {
      assert.match(trial, /^tried in a process of its own/);
      assert.deepEqual([config, notes], [shipped[index]?.config, shipped[index]?.notes]);
    }
  });
});
