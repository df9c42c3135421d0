import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { addsConstant, constantOf, useWorkplace } from '../workplace.js';

const place = useWorkplace();

describe('model files of other names', () => {
  it('are served, in capitals or in a folder 01 as well, and the notes say which file it is', async () => {
    const root = await place.folder();
    await mkdir(join(root, 'm', '01'), { recursive: true });
    await writeFile(join(root, 'm', '01', 'MODEL.ONNX'), writeOnnx(addsConstant(-2.5)));
    await mkdir(join(root, 'face', 'onnx'), { recursive: true });
    await writeFile(join(root, 'face', 'onnx', 'net.onnx'), writeOnnx(addsConstant(1e6)));
    const repository = await place.open(root);
    assert.equal(await constantOf(repository.get('m')), -2.5);
    assert.deepEqual(repository.get('m').notes.slice(0, 2), [
      "The folder '01' is version 1.",
      "The model file is 'm/01/MODEL.ONNX': there is no model.onnx beside it.",
    ]);
    assert.equal(await constantOf(repository.get('face')), 1e6);
    assert.equal(
      repository.get('face').notes[0],
      "The model file is 'face/onnx/net.onnx': there is no model.onnx beside it.",
    );
  });
});
