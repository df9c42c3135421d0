import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { sumAndDifference } from '../support/models.js';

/** Makes one session and waits a little: argument 1 is `runner` (as the server does it) or `bare` (as the runtime comes). */
async function main(kind: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'model-'));
  const modelPath = join(folder, 'model.onnx');
  await writeFile(modelPath, writeOnnx(sumAndDifference));
  const spec = {
    modelPath,
    logId: 'm',
    provider: 'cpu',
    deviceId: 0,
    strict: false,
    intraOpThreads: 1,
    optimised: false,
  } as const;
  if (kind === 'runner') {
    const { startRunner } = await import('../../src/workers/pool.js');
    const weightsCache = { folder: join(folder, 'cache'), minBytes: 0 };
    const runner = await startRunner({ workers: 2, env: process.env, weightsCache });
    const session = await runner.load(spec, { instances: 'auto', next: () => undefined });
    await session.unload();
    await runner.close();
  } else {
    const { ortEngine } = await import('../../src/engine/ort/ort.js');
    await (await ortEngine.createSession(spec)).release();
  }
  await rm(folder, { recursive: true });
}

await main(process.argv[2] ?? 'runner');
