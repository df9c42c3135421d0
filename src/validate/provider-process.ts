import { readFile, writeFile } from 'node:fs/promises';
import { deserialize, serialize } from 'node:v8';
import { messageOf } from '../errors.js';
import { endWithParent } from '../engine/end-with-parent.js';
import { createProvenSession } from '../engine/placement.js';
import { disableTelemetry } from '../engine/telemetry.js';
import { decideTf32 } from '../engine/tf32.js';
import type { ProviderName } from '../model/config.js';
import type { Outcome, TrialOrder, TrialResult } from './trial.js';

/**
 * Entry of the process that runs a model on one provider (argument 1), with the order in a file (argument 2), for its parent
 * (argument 3): a model that ends its process ends this one alone. Writes what came of it beside the order, as `.PROVIDER`.
 */
async function main(provider: ProviderName, file: string, parent: number): Promise<void> {
  endWithParent(parent);
  disableTelemetry(process.env);
  decideTf32(process.env, false);
  const { ortEngine } = await import('../engine/ort/ort.js');
  const { modelPath, widened, outputs, runs } = deserialize(await readFile(file)) as TrialOrder;
  const startMs = performance.now();
  const spec = {
    modelPath,
    logId: 'validate',
    provider,
    deviceId: 0,
    strict: false,
    intraOpThreads: 1,
    optimised: false,
    widened,
  };
  const { session, placement } = await createProvenSession(ortEngine, spec);
  const loadMs = performance.now() - startMs;
  const outcomes: Outcome[] = [];
  for (const { feeds } of runs) {
    outcomes.push(
      await session.run(feeds, outputs).then(
        (found) => ({ outputs: found }),
        (thrown: unknown) => ({ problem: messageOf(thrown) }),
      ),
    );
  }
  await session.release();
  const result: TrialResult = { placement, loadMs, outcomes };
  await writeFile(`${file}.${provider}`, serialize(result));
}

const [, , provider = 'cpu', file = '', parent = ''] = process.argv;
try {
  await main(provider as ProviderName, file, Number(parent));
} catch (thrown) {
  process.stdout.write(messageOf(thrown));
  process.exitCode = 1;
}
