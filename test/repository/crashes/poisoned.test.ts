import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CrashRecords } from '../../../src/repository/crashes/crash-records.js';
import type { RepositoryOptions } from '../../../src/repository/model-repository.js';
import { TrustStore } from '../../../src/repository/proof/trust-store.js';
import type { ModelRepository } from '../../../src/repository/types.js';
import { loopsWhileTrue, putModel, runsForMinutes } from '../../support/models.js';
import { endTrial } from '../proof/end-trial.js';
import { addsConstant, constantOf, useWorkplace } from '../workplace.js';

const place = useWorkplace();
const skip = process.platform !== 'linux' && 'processes are found in /proc';

/** Models that are opened again and again, as a server that is started again opens them. */
async function openedAgain(options: Partial<RepositoryOptions> = {}) {
  const [root, folder] = [await place.folder(), await place.folder()];
  const trust = new TrustStore({
    folder: join(folder, 'trust'),
    userId: process.getuid?.(),
    runtimeVersion: place.runner.status().runtimeVersion,
    shipped: {},
    clock: () => 1_700_000_000_000,
  });
  const crashes = new CrashRecords({
    folder,
    clock: () => 1_700_000_000_000,
    onChange: () => undefined,
    onFailure: (error) => assert.fail(String(error)),
  });
  await putModel(root, { name: 'good', graph: addsConstant(3) });
  const all = { trust, crashes, ...options };
  return { root, crashes, begin: () => place.begin(root, all), open: () => place.open(root, all) };
}

function reasonOf(repository: ModelRepository, name: string): string {
  const found = repository.index().find((entry) => entry.name === name);
  assert.equal(found?.state, 'UNAVAILABLE');
  return found.reason;
}

describe('a model that ends the process in which it is loaded or warmed up', { skip }, () => {
  it('is quarantined by its trial, is not tried again until it is asked for, and the others serve', async () => {
    const { root, open } = await openedAgain({ warmUpLimitMs: 50 });
    await putModel(root, { name: 'bad', graph: runsForMinutes });
    const search = new AbortController();
    const ended = endTrial('SIGSEGV', search.signal);
    const first = await open();
    search.abort();
    await ended;
    assert.match(
      reasonOf(first, 'bad'),
      /'bad' version 1 cannot be loaded: it is quarantined, .* signal SIGSEGV .*\(while it was warming\)\. .*models\/bad\/load/,
    );
    assert.equal(await constantOf(first.get('good')), 3);
    // Nobody ends a trial now, and one would take minutes.
    const second = await open();
    assert.match(reasonOf(second, 'bad'), /quarantined.*SIGSEGV/);
    assert.equal(await constantOf(second.get('good')), 3);
    await assert.rejects(second.load('bad'), { message: /quarantined.*its warm-up took longer than 0\.0?5 s/ });
    assert.match(reasonOf(await open(), 'bad'), /quarantined.*its warm-up took longer/);
  });

  it('is quarantined where it takes longer than the limit in processes of its own, until its settings change', async () => {
    const { root, open } = await openedAgain({ warmUpLimitMs: 50 });
    await putModel(root, { name: 'bad', graph: loopsWhileTrue });
    const repository = await open();
    assert.match(reasonOf(repository, 'bad'), /quarantined.*its warm-up took longer than 0\.0?5 s.*"warmup": false/);
    assert.match(reasonOf(await open(), 'bad'), /quarantined/);
    await putModel(root, { name: 'bad', graph: loopsWhileTrue, config: { warmup: false } });
    assert.equal((await open()).get('bad').trial, 'none: it runs apart');
  });

  it('is not blamed where its process was told to end, nor where the server stops', async () => {
    for (const way of ['asked', 'stopped'] as const) {
      const { root, crashes, begin } = await openedAgain();
      await putModel(root, { name: 'bad', graph: runsForMinutes });
      const repository = await begin();
      const search = new AbortController();
      const ended = endTrial('SIGTERM', search.signal);
      if (way === 'asked') await ended;
      else await repository.close();
      search.abort();
      await repository.settled();
      assert.deepEqual(crashes.list(), [], way);
    }
  });
});
