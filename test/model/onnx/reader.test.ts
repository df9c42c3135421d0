import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InferenceSession } from 'onnxruntime-node';
import { findExternalFiles } from '../../../src/model/onnx/external-data.js';
import { readOnnxHeader } from '../../../src/model/onnx/reader.js';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { datatypes } from '../../../src/tensor/datatype.js';
import { sumAndDifference } from '../../support/models.js';

process.env['ORT_DISABLE_TELEMETRY'] = '1';

/** A model that others made, when the caller has one at hand. */
const realModel = process.env['SLIPWAY_TEST_MODEL'];

let folder = '';
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-reader-'))));
after(() => rm(folder, { recursive: true, force: true }));

describe('readOnnxHeader', () => {
  it('reads files as the runtime does', async () => {
    const path = join(folder, 'sum.onnx');
    await writeFile(path, writeOnnx(sumAndDifference));
    await expectAgreement(path);
  });

  it('reads a real model as the runtime does', async (test) => {
    if (realModel === undefined) {
      test.skip('SLIPWAY_TEST_MODEL names no .onnx file');
      return;
    }
    await expectAgreement(realModel);
    assert.notDeepEqual(readOnnxHeader(realModel).operators, {});
  });

  it('says so where a file is missing or is a folder', () => {
    assert.throws(() => readOnnxHeader(join(folder, 'none.onnx')), { code: 'MODEL_INVALID', message: /ENOENT/ });
    assert.throws(() => readOnnxHeader(folder), { code: 'MODEL_INVALID', message: /not a regular file/ });
  });

  it('is not confused by a sparse file of many gigabytes', async () => {
    const path = join(folder, 'sparse.onnx');
    await writeFile(path, '');
    await truncate(path, 8 * 2 ** 30);
    assert.throws(() => readOnnxHeader(path), { code: 'MODEL_INVALID', message: /has the number 0/ });
  });
});

async function expectAgreement(path: string): Promise<void> {
  const header = readOnnxHeader(path);
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 });
  const facts = (values: typeof header.inputs) =>
    values.map(({ name, datatype, shape }) => [name, datatypes[datatype].ort, shape.length]);
  const ort = (values: typeof session.inputMetadata) =>
    values.map((value) => (value.isTensor ? [value.name, value.type, value.shape.length] : [value.name]));
  assert.deepEqual(facts(header.inputs), ort(session.inputMetadata));
  assert.deepEqual(facts(header.outputs), ort(session.outputMetadata));
  await session.release();
}

describe('findExternalFiles', () => {
  it('finds files in the folder and names what is missing, leads out or is no file', async () => {
    const home = await mkdtemp(join(folder, 'external-'));
    await writeFile(join(home, 'w.bin'), 'x');
    await symlink('/etc/hostname', join(home, 'out.bin'));
    await symlink('w.bin', join(home, 'inside.bin'));
    const places = { folders: [home], homes: [home] };
    assert.deepEqual(await findExternalFiles(places, ['w.bin', 'inside.bin']), [
      { named: join(home, 'w.bin'), real: join(home, 'w.bin') },
      { named: join(home, 'inside.bin'), real: join(home, 'w.bin') },
    ]);
    const refused = (location: string, message: RegExp) =>
      assert.rejects(findExternalFiles(places, [location]), { code: 'MODEL_INVALID', message });
    await refused('none.bin', /'none\.bin' are not there\. Copy that file beside/);
    await refused(
      'out.bin',
      /lead out of the model repository by a symbolic link, to '\/etc\/hostname'\. .*--allow-links-to/,
    );
    await symlink('gone.bin', join(home, 'dangling.bin'));
    await refused('dangling.bin', /a symbolic link to 'gone\.bin', which is not there/);
    await symlink('round.bin', join(home, 'round.bin'));
    await refused('round.bin', /leads back to itself/);
    await refused('.', /not a regular file/);
  });
});
