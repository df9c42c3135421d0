// Tries the bundled models and writes models/trusted.json, by which a server loads them without a trial of its own. To be run after a
// change of a bundled model, of its model.json, or of the runtime: node tools/trust-models.js
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './build.js';

const models = join(dirname(dirname(fileURLToPath(import.meta.url))), 'models');
await buildIfStale();
const { startRunner } = await import('../dist/src/workers/pool.js');
const { openRepository } = await import('../dist/src/repository/model-repository.js');
const { contentKey } = await import('../dist/src/repository/proof/trust-store.js');

const temporaryFolder = await mkdtemp(join(tmpdir(), 'slipway-trust-'));
const runner = await startRunner({ workers: 1, env: process.env });
const { runtimeVersion } = runner.status();
const proofs = {};
/** Knows no model, and keeps what is found by content. */
const trust = {
  find: async (subject) => ({
    remember: async (proof) => void (proofs[await contentKey(subject, runtimeVersion)] = proof),
  }),
};
const repository = await openRepository({
  root: models,
  runner,
  trust,
  intraOpThreads: 1,
  chooseProvider: async () => ({ provider: 'cpu', reason: 'cpu works' }),
  temporaryFolder,
  clock: Date.now,
});
await repository.settled();
const found = repository.index();
await repository.close();
await runner.close();
await rm(temporaryFolder, { recursive: true });
const failed = found.filter(({ state }) => state !== 'READY');
if (failed.length > 0) throw new Error(failed.map(({ reason }) => reason).join('\n'));
const sorted = Object.fromEntries(Object.entries(proofs).sort());
await writeFile(join(models, 'trusted.json'), `${JSON.stringify(sorted, null, 2)}\n`);
console.log(`${found.length} models tried with ONNX Runtime ${runtimeVersion}: models/trusted.json is written.`);
