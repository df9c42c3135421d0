import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildPerceptron } from '../../bench/models/perceptron.js';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { drawTensors } from '../../src/tensor/drawn.js';
import type { NamedTensors } from '../../src/tensor/tensor.js';
import { startRunner } from '../../src/workers/pool.js';

disableTelemetry(process.env);
let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-sharing-'))));
after(() => rm(folder, { recursive: true }));

/** What two workers answer to 1, 5 and 33 rows, and how they came by the weights. */
async function serve(modelPath: string, cache?: string): Promise<{ outputs: NamedTensors[]; reason: string }> {
  const weightsCache = cache === undefined ? {} : { weightsCache: { folder: cache } };
  const runner = await startRunner({ workers: 2, env: process.env, ...weightsCache });
  try {
    const cpu = { provider: 'cpu', deviceId: 0, strict: false, intraOpThreads: 1, optimised: false } as const;
    const session = await runner.load({ ...cpu, modelPath, logId: 'm' }, { instances: 2, next: () => undefined });
    const inputs = [{ name: 'features', datatype: 'FP32', shape: [-1, 64] }] as const;
    const outputs: NamedTensors[] = [];
    for (const [instance, rows] of [1, 5, 33, 1].entries()) {
      const request = drawTensors(inputs, { rows, variable: 1, seed: rows });
      const job = { requests: [request], rows, outputs: ['logits'] };
      outputs.push((await session.runOn(instance % 2, job)).outputs);
    }
    return { outputs, reason: session.loaded.weights.reason };
  } finally {
    await runner.close();
  }
}

describe('workers that share weights', () => {
  it('answer as the model does where its sizes leave what the runtime packed at odd places of the file', async () => {
    const modelPath = join(folder, 'odd.onnx');
    await writeFile(modelPath, writeOnnx(buildPerceptron(1, [64, 1500, 1500, 4])));
    const shared = await serve(modelPath, join(folder, 'cache'));
    assert.deepEqual(shared.outputs, (await serve(modelPath)).outputs);
  });
});
