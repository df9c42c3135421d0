import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { buildConvolutionNet } from '../../../bench/models/convolution-net.js';
import { buildEncoder } from '../../../bench/models/encoder.js';
import { generateModel } from '../../../bench/models/generate.js';
import { buildPerceptron } from '../../../bench/models/perceptron.js';
import { drawWeights } from '../../../bench/models/network.js';
import { createRandom } from '../../../src/tensor/random.js';
import { writeOnnx, type Graph } from '../../../src/model/onnx/writer.js';

process.env['ORT_DISABLE_TELEMETRY'] = '1';

const countWeights = ({ initializers = [] }: Graph) => initializers.reduce((sum, { data }) => sum + data.length, 0);

async function runOnce(graph: Graph, input: Tensor): Promise<readonly number[]> {
  const session = await InferenceSession.create(writeOnnx(graph), { intraOpNumThreads: 1 });
  const outputs = await session.run({ [graph.inputs[0]!.name]: input });
  await session.release();
  return [...(outputs[graph.outputs[0]!.name]?.data as Float32Array)];
}

const spread = (values: readonly number[]) => Math.max(...values) - Math.min(...values);

describe('generated models', () => {
  it('draw the same weights from the same seed, with the deviation asked for', () => {
    const draw = (seed: number) => drawWeights(createRandom(seed), 20_000, 0.5);
    assert.deepEqual(draw(1), draw(1));
    assert.notDeepEqual(draw(1), draw(2));
    const variance = draw(3).reduce((sum, value) => sum + value * value, 0) / 20_000;
    assert.ok(Math.abs(Math.sqrt(variance) - 0.5) < 0.01, `deviation ${Math.sqrt(variance)}`);
  });

  it('include a convolution net of 25.5 million weights whose values neither fade nor grow', async () => {
    const graph = buildConvolutionNet(1);
    assert.ok(Math.abs(countWeights(graph) / 25.5e6 - 1) < 0.01, `${countWeights(graph)} weights`);
    const random = createRandom(5);
    const image = Float32Array.from({ length: 3 * 224 * 224 }, () => random() * 2 - 1);
    const logits = await runOnce(graph, new Tensor('float32', image, [1, 3, 224, 224]));
    assert.equal(logits.length, 1000);
    assert.ok(spread(logits) > 0.1 && spread(logits) < 100, `spread ${spread(logits)}`);
  });

  it('include an encoder that tells two texts apart and takes them as one batch', async () => {
    const graph = buildEncoder(2, { layers: 2, hidden: 32, heads: 4, vocabulary: 50, tokens: 8 });
    const ids = BigInt64Array.from({ length: 16 }, (_, i) => BigInt((i * 7) % 50));
    const both = await runOnce(graph, new Tensor('int64', ids, [2, 8]));
    const second = await runOnce(graph, new Tensor('int64', ids.slice(8), [1, 8]));
    assert.notDeepEqual(both.slice(0, 32), both.slice(32));
    second.forEach((value, i) => assert.ok(Math.abs(value - both[32 + i]!) < 1e-4));
  });

  it('include a perceptron', async () => {
    const logits = await runOnce(
      buildPerceptron(3, [4, 8, 3]),
      new Tensor('float32', Float32Array.of(1, 2, 3, 4), [1, 4]),
    );
    assert.equal(logits.length, 3);
    assert.ok(spread(logits) > 0);
  });

  it('are written once, and an unknown name is refused with the names there are', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'generated-'));
    const path = await generateModel(folder, 'random-perceptron');
    const written = await readFile(path);
    assert.equal(await generateModel(folder, 'random-perceptron'), path);
    assert.ok(written.length > 7e6);
    await assert.rejects(
      generateModel(folder, 'nothing'),
      /No generator for nothing; there are random-convolution-net/,
    );
    await rm(folder, { recursive: true });
  });
});
