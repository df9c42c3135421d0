import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildPerceptron } from '../../../bench/models/perceptron.js';
import { disableTelemetry } from '../../../src/engine/telemetry.js';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { drawTensors } from '../../../src/tensor/drawn.js';
import type { NamedTensors } from '../../../src/tensor/tensor.js';
import { startRunner } from '../../../src/workers/pool.js';

disableTelemetry(process.env);
let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-sharing-'))));
after(() => rm(folder, { recursive: true }));

/** What two workers answer to 1, 5, 33 rows of `width` and 1 again, and how they came by the weights. */
async function serve(options: { readonly modelPath: string; readonly width: number; readonly cache?: string }) {
  const { modelPath, width, cache } = options;
  const weightsCache = cache === undefined ? {} : { weightsCache: { folder: cache } };
  const runner = await startRunner({ workers: 2, env: process.env, ...weightsCache });
  try {
    const cpu = { provider: 'cpu', deviceId: 0, strict: false, intraOpThreads: 1, optimised: false } as const;
    const session = await runner.load({ ...cpu, modelPath, logId: 'm' }, { instances: 2, next: () => undefined });
    const inputs = [{ name: 'features', datatype: 'FP32', shape: [-1, width] }] as const;
    const outputs: NamedTensors[] = [];
    for (const [index, rows] of [1, 5, 33, 1].entries()) {
      const request = drawTensors(inputs, { rows, variable: 1, seed: rows });
      const job = { requests: [request], rows, outputs: ['logits'] };
      outputs.push((await session.runOn(index % 2, job)).outputs);
    }
    return { outputs, reason: session.loaded.weights.reason };
  } finally {
    await runner.close();
  }
}

/** Sizes that leave what the runtime packed at odd places of the file that it is mapped from. */
const odd = [1500, 1500, 4] as const;

describe('workers that share weights', () => {
  it('answer as the model does, whatever its sizes', async () => {
    const modelPath = join(folder, 'odd.onnx');
    await writeFile(modelPath, writeOnnx(buildPerceptron(1, [64, ...odd])));
    const shared = await serve({ modelPath, width: 64, cache: join(folder, 'cache') });
    assert.equal(shared.reason, 'shared by all workers from a new cache entry');
    assert.deepEqual(shared.outputs, (await serve({ modelPath, width: 64 })).outputs);
  });

  it('do so as well where the model refuses the inputs that its copy would be tried with', async () => {
    const modelPath = join(folder, 'refusing.onnx');
    const inputs = [{ name: 'features', datatype: 'FP32', shape: ['batch', 'width'] }] as const;
    await writeFile(modelPath, writeOnnx({ ...buildPerceptron(2, [63, ...odd]), inputs }));
    const shared = await serve({ modelPath, width: 63, cache: join(folder, 'cache') });
    assert.equal(shared.reason, 'shared by all workers from a new cache entry');
    assert.deepEqual(shared.outputs, (await serve({ modelPath, width: 63 })).outputs);
  });
});
