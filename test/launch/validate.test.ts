import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeOnnx, type Graph } from '../../src/model/onnx/writer.js';
import { runProgram } from '../../src/launch/program.js';
import { lendThisProcess } from '../../src/launch/this-process.js';
import { temporaryFolder } from '../support/folder.js';
import { failsAlways, putModel, sumAndDifference } from '../support/models.js';

interface Report {
  readonly models: readonly {
    readonly name: string;
    readonly findings: readonly { readonly level: string; readonly text: string }[];
  }[];
}

/** `launch models validate` of a path; the program's exit code, what it set, and its report. */
async function validate(path: string) {
  const text = { stdout: '', stderr: '' };
  const streams = {
    stdout: { write: (part: string) => (text.stdout += part) },
    stderr: { write: (part: string) => (text.stderr += part) },
  };
  let set = 0;
  const context = { ...lendThisProcess((code) => (set = code), streams), cwd: '/' };
  const failure = await runProgram(['models', 'validate', path, '--json'], context);
  const report = failure === 0 ? (JSON.parse(text.stdout) as Report) : undefined;
  const texts =
    report?.models.flatMap(({ findings }) => findings.map(({ level, text: line }) => `${level} ${line}`)) ?? [];
  return { code: failure === 0 ? set : failure, report, texts, stderr: text.stderr };
}

/** Y = X minus the mean of all rows: a row in company is another than alone. */
const minusMean: Graph = {
  name: 'minus-mean',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 4] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 4] }],
  nodes: [
    { op: 'ReduceMean', inputs: ['X'], outputs: ['M'], attributes: { axes: [0] } },
    { op: 'Sub', inputs: ['X', 'M'], outputs: ['Y'] },
  ],
  opset: 13,
};

/** Y = 1 / X, of which zeros have none. */
const reciprocal: Graph = {
  name: 'reciprocal',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 2] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 2] }],
  nodes: [{ op: 'Reciprocal', inputs: ['X'], outputs: ['Y'] }],
};

describe('launch models validate', () => {
  it('runs rows of every kind alone and together, and says what other providers are missing', async () => {
    const folder = temporaryFolder('validate-');
    await putModel(folder, { name: 'sums', graph: sumAndDifference });
    const { code, report, texts } = await validate(folder);
    assert.equal(code, 0, texts.join('\n'));
    assert.deepEqual(
      report?.models.map(({ name }) => name),
      ['sums/1'],
    );
    assert.ok(
      texts.some((line) => /^ok cpu: loaded in \d+ ms, computes on cpu, 6 of 6 runs$/.test(line)),
      texts.join('\n'),
    );
    assert.ok(texts.includes('ok cpu: 5 rows give the same results together as alone'), texts.join('\n'));
    for (const provider of ['cuda', 'tensorrt', 'webgpu'])
      assert.ok(
        texts.some((line) => line.includes(` ${provider}: `)),
        provider,
      );
  });

  it('tells rows that meet, and numbers that become none', async () => {
    const folder = temporaryFolder('validate-');
    await writeFile(join(folder, 'mean.onnx'), writeOnnx(minusMean));
    await writeFile(join(folder, 'reciprocal.onnx'), writeOnnx(reciprocal));
    const mean = await validate(join(folder, 'mean.onnx'));
    assert.equal(mean.code, 0, mean.texts.join('\n'));
    assert.ok(
      mean.texts.some((line) => /^note cpu: row \d of 5 gives a different Y together than alone/.test(line)),
      mean.texts.join('\n'),
    );
    const { texts } = await validate(join(folder, 'reciprocal.onnx'));
    assert.ok(
      texts.some((line) => /^note cpu: zero values in X \[1,2\]: Y holds NaN or infinity/.test(line)),
      texts.join('\n'),
    );
  });

  it('fails a model that cannot be loaded or run, and names why; the others of a folder are tried anyway', async () => {
    const folder = temporaryFolder('validate-');
    await writeFile(join(folder, 'broken.onnx'), 'not a model');
    await putModel(folder, { name: 'fails', graph: failsAlways });
    await putModel(folder, { name: 'sums', graph: sumAndDifference });
    const { code, report } = await validate(folder);
    assert.equal(code, 1);
    const levels = report?.models.map(({ name, findings }) => [name, findings.some(({ level }) => level === 'fail')]);
    assert.deepEqual(levels, [
      ['broken/1', true],
      ['fails/1', true],
      ['sums/1', false],
    ]);
  });

  it('refuses a path without a model', async () => {
    const folder = temporaryFolder('validate-');
    const { code, stderr } = await validate(folder);
    assert.equal(code, 8);
    assert.match(stderr, /holds no model/);
  });
});
