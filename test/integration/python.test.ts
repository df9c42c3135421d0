import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { connect, tensor } from '../../src/client/index.js';
import { serveFor } from '../support/server.js';

const run = promisify(execFile);

/** Pythons to look for packages in: those named with colons between them, else the one on the PATH. */
const pythons = (process.env['SLIPWAY_TEST_PYTHON'] ?? 'python3').split(':');

/** The first Python that has the modules, or why none has. */
function findPython(...modules: readonly string[]): { readonly python: string; readonly skip: string | false } {
  const found = pythons.find((python) => spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0);
  return {
    python: found ?? '',
    skip: found === undefined ? `needs a Python with ${modules.join(', ')} (SLIPWAY_TEST_PYTHON)` : false,
  };
}

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-python-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a recipe; answers the numbers of its last line, list by list. */
async function convert(python: string, recipe: string, target: string): Promise<readonly (readonly number[])[]> {
  const { stdout } = await run(python, [`examples/python/${recipe}.py`, target]);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  return [...last.matchAll(/\[([^\]]+)\]/g)].map(([, list = '']) => list.split(',').map(Number));
}

function assertClose(actual: readonly number[], expected: readonly number[] | undefined): void {
  assert.equal(actual.length, expected?.length);
  actual.forEach((value, at) =>
    assert.ok(Math.abs(value - (expected?.[at] ?? NaN)) < 2e-5, `${actual.join()} / ${expected?.join()}`),
  );
}

describe('Python', () => {
  const client = findPython('tritonclient.http', 'numpy');
  it("asks by Triton's own client, unchanged", { skip: client.skip }, async (context) => {
    const { url } = await serveFor(context, { folder: 'models' });
    const { stdout } = await run(client.python, ['examples/python/client.py', url, 'models/digits/samples/7.png']);
    assert.equal(stdout, 'score (2, 1)\nbest 7\n');
  });

  for (const [recipe, output, ...modules] of [
    ['from_sklearn', 'probabilities', 'sklearn', 'skl2onnx'],
    ['from_pytorch', 'y', 'torch', 'onnx'],
    ['from_keras', undefined, 'tensorflow', 'tf2onnx'],
  ] as const) {
    const { python, skip } = findPython(...modules);
    it(`${recipe} writes a model that answers as ${modules[0]} computes, in a batch too`, { skip }, async (context) => {
      const folder = await folderFor(context);
      const [expected, row = []] = await convert(python, recipe, join(folder, 'net', '1', 'model.onnx'));
      const { url } = await serveFor(context, { folder });
      const connection = await connect({ url });
      const model = connection.model('net');
      const [input] = (await model.metadata()).inputs;
      const rows = tensor(Float32Array.from([...row.map((value) => value + 1), ...row]), [2, row.length]);
      const { outputs } = await model.infer({ [input?.name ?? '']: rows });
      connection.close();
      const found = output === undefined ? Object.values(outputs)[0] : outputs[output];
      assertClose([...(found?.data ?? [])].map(Number).slice(-(expected?.length ?? 0)), expected);
    });
  }

  const text = findPython('torch', 'transformers', 'onnx');
  it(
    'from_hugging_face writes a folder that is served as it is, labels and tokenizer found',
    { skip: text.skip },
    async (context) => {
      const folder = await folderFor(context);
      const [expected] = await convert(text.python, 'from_hugging_face', join(folder, 'reviews'));
      const { url } = await serveFor(context, { folder });
      const connection = await connect({ url });
      const model = connection.model('reviews');
      assert.deepEqual(await model.task(), { name: 'classification', takes: 'text' });
      const { predictions } = await model.classifyText('a good film', { top: 2 });
      connection.close();
      const byIndex = [...predictions].sort((a, b) => a.index - b.index);
      assert.deepEqual(
        byIndex.map(({ label }) => label),
        ['negative', 'positive'],
      );
      assertClose(
        byIndex.map(({ probability }) => probability),
        expected,
      );
    },
  );
});
