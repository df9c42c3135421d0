import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImageConfig } from '../../src/model/config.js';
import { notesOnImage } from '../../src/repository/loading/load-notes.js';
import { StatisticsCounter } from '../../src/repository/statistics.js';
import { putModel } from '../support/models.js';
import { addsConstant, useWorkplace } from './workplace.js';

const place = useWorkplace();

describe('a repository that has just been opened', () => {
  it('is not ready, and calls its models loading, from the first moment until they serve', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1), config: { description: 'has a file to read first' } });
    const repository = await place.begin(root);
    const loading = { model: 'm', state: 'loading', code: 'MODEL_NOT_READY', message: "Model 'm' is loading." };
    assert.deepEqual(repository.readiness(), [loading]);
    assert.deepEqual(repository.index(), [{ name: 'm', state: 'LOADING', reason: '' }]);
    assert.throws(() => repository.get('m'), { code: 'MODEL_NOT_READY' });
    assert.throws(() => repository.get('m', '1'), { code: 'MODEL_NOT_READY' });
    while (repository.ready().length === 0) {
      assert.deepEqual(
        repository.readiness().map(({ state }) => state),
        ['loading'],
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(repository.readiness(), [{ model: 'm', version: '1', state: 'ready' }]);
  });

  it('fails a model that must have a GPU and runs on the CPU alone after all', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const chooseProvider = () =>
      Promise.resolve({ provider: 'cpu', reason: 'asked for', isGpuRequired: true } as const);
    const [only, ...others] = (await place.open(root, { chooseProvider })).readiness();
    assert.ok(only?.state === 'failed' && others.length === 0);
    assert.equal(only.code, 'DEVICE_UNAVAILABLE');
    assert.match(only.message, /'m' version 1 cannot be loaded: A GPU is required, but cpu leaves every node/);
  });
});

const image: ImageConfig = {
  input: 'x',
  resize: { width: 8, height: 8, fit: 'fill' } as ImageConfig['resize'],
  color: 'rgb',
  layout: 'NCHW',
  scale: 1 / 255,
  mean: [0],
  std: [1],
  invert: false,
};

describe('the note on mean and std', () => {
  it('tells of values for pixels from 0 to 255 where no scale was named', () => {
    const [note] = notesOnImage(
      { image: { mean: [127, 126, 0], std: [128] } },
      { ...image, mean: [127, 126, 0], std: [128] },
    );
    assert.match(note ?? '', /image\.mean 127, 126, 0 and image\.std 128 apply to pixels from 0 to 1.*set "scale": 1/);
    assert.equal(notesOnImage({ image: {} }, { ...image, std: [58.4] }).length, 1);
    assert.equal(notesOnImage({ image: {} }, { ...image, mean: [-103.9] }).length, 1);
  });

  it('is not there where a scale is named, pixels are not scaled, values fit, or no image is taken', () => {
    const large = { ...image, mean: [127], std: [128] };
    assert.deepEqual(notesOnImage({ image: { scale: 1 / 255 } }, large), []);
    assert.deepEqual(notesOnImage({ image: {} }, { ...large, scale: 1 }), []);
    assert.deepEqual(
      notesOnImage({ image: {} }, { ...image, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
      [],
    );
    assert.deepEqual(notesOnImage({}, undefined), []);
  });
});

describe('the statistics of a model', () => {
  it('count runs by their rows, and large ones by the next power of two, so that no client adds entries without end', () => {
    const statistics = new StatisticsCounter(() => 0);
    const timing = { inputNs: 1, computeNs: 2, outputNs: 3 };
    for (const rows of [1, 32, 1024, 1025, 2000, 2048, 2049, 100_000]) {
      statistics.recordRun({ rows, rowsToRun: rows, requests: 1, timing, device: 'cpu' }, 'cpu');
    }
    const counted = statistics.snapshot().batches.map(({ batchSize, computeInfer }) => [batchSize, computeInfer.count]);
    assert.deepEqual(counted, [
      [1, 1],
      [32, 1],
      [1024, 1],
      [2048, 3],
      [4096, 1],
      [131_072, 1],
    ]);
  });
});
