import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildPerceptron } from '../../../bench/models/perceptron.js';
import { ortEngine } from '../../../src/engine/ort/ort.js';
import { disableTelemetry } from '../../../src/engine/telemetry.js';
import { alignPrepacked, BlobMoves } from '../../../src/engine/weights/weights-alignment.js';
import { rewriteExternalData } from '../../../src/model/onnx/edit/external-rewrite.js';
import { writeOnnx } from '../../../src/model/onnx/writer.js';

disableTelemetry(process.env);
let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-alignment-'))));
after(() => rm(folder, { recursive: true }));

/** Where a saved model's packed weights begin, with their bytes. */
async function readBlobs(path: string): Promise<readonly { readonly offset: number; readonly bytes: Buffer }[]> {
  const data = await readFile(`${path}.data`);
  const values: string[] = [];
  rewriteExternalData(await readFile(path), (key, value) => {
    if (key.startsWith('prepacked')) values.push(value);
    return value;
  });
  return values.flatMap((value) =>
    value
      .split('|')
      .slice(1)
      .map((blob) => blob.split(';').map(Number))
      .map(([offset = NaN, length = NaN]) => ({ offset, bytes: data.subarray(offset, offset + length) })),
  );
}

async function save(widths: readonly [number, number, ...number[]]): Promise<string> {
  const name = join(folder, widths.join('-'));
  await writeFile(`${name}.onnx`, writeOnnx(buildPerceptron(1, widths)));
  const cpu = { provider: 'cpu', deviceId: 0, strict: false, intraOpThreads: 1, optimised: false } as const;
  const path = `${name}-copy.onnx`;
  await (await ortEngine.saveOptimised({ ...cpu, modelPath: `${name}.onnx`, logId: 'm' }, path)).release();
  return path;
}

describe('prepacked weights', () => {
  it('begin at multiples of 64 bytes once aligned, and are the same bytes', async () => {
    const path = await save([37, 333, 77, 5]);
    const saved = await readBlobs(path);
    assert.ok(saved.length > 1 && saved.some(({ offset }) => offset % 64 !== 0), 'the runtime aligns them itself now');
    assert.ok((await alignPrepacked(path, `${path}.data`)) > 0);
    const aligned = await readBlobs(path);
    assert.deepEqual(
      aligned.map(({ offset }) => offset % 64),
      saved.map(() => 0),
    );
    assert.deepEqual(
      aligned.map(({ bytes }) => bytes),
      saved.map(({ bytes }) => bytes),
    );
    assert.equal(await alignPrepacked(path, `${path}.data`), 0);
  });

  it('stay where they are when all are aligned, and so does every byte of both files', async () => {
    const path = await save([64, 128, 64]);
    const before = await Promise.all([readFile(path), readFile(`${path}.data`)]);
    assert.equal(await alignPrepacked(path, `${path}.data`), 0);
    assert.deepEqual(await Promise.all([readFile(path), readFile(`${path}.data`)]), before);
  });

  it('move one by one, those of several blobs too, and those that two tensors share once', () => {
    const moves = new BlobMoves(1000);
    assert.equal(moves.replace('prepacked_0', 'GRU+17|64;100;0|164;50;0'), 'GRU+17|64;100;0|1024;50;0');
    assert.equal(moves.replace('prepacked_1', 'Gemm+9|164;50;0'), 'Gemm+9|1024;50;0');
    assert.equal(moves.replace('prepacked_0', 'Gemm+8|999;1;0'), 'Gemm+8|1088;1;0');
    assert.equal(moves.replace('offset', '999'), '999');
    assert.deepEqual(moves.all, [
      { from: 164, to: 1024, bytes: 50 },
      { from: 999, to: 1088, bytes: 1 },
    ]);
  });
});
