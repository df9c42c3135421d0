import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { jsonOf, send } from '../../support/http.js';
import { mlp } from '../../support/mlp.js';
import { folderWith, startProcess, urlOf } from '../../support/server-process.js';

const width = 768;
const data = Array.from({ length: width }, (_, index) => Math.sin(index) * 100);
const body = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, width], data }] });

/** Overwrites weights as a bad sector does: size and time stamp stay, to the nanosecond. */
async function damage(path: string, stamp: string): Promise<void> {
  execFileSync('touch', ['-r', path, stamp]);
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(1_000_000, 7), 0, 1_000_000, 2_000_000);
  await file.close();
  execFileSync('touch', ['-r', stamp, path]);
}

describe('a server whose cache holds weights that changed', () => {
  it('gives the same answers as before, and says that it made the copy anew', async (context) => {
    const folder = await folderWith(context, { name: 'm', graph: mlp({ width, layers: 4 }) });
    const cache = join(folder, '.cache');
    /** What a server of its own answers, and where it says that its weights are from. */
    const serve = async (within: TestContext) => {
      const server = startProcess(within, '--models', folder, '--cache-dir', cache);
      const url = urlOf(await server.until(/ready in|started in/));
      const answer = await send(url, { path: '/v2/models/m/infer', body });
      assert.equal(answer.status, 200, answer.body.toString());
      const { outputs } = jsonOf(answer) as { outputs: readonly { data: readonly number[] }[] };
      const about = jsonOf(await send(url, { path: '/v2/models/m' })) as { properties: { weights: string } };
      server.child.kill('SIGTERM');
      assert.deepEqual(await server.ended, [0, null]);
      return { values: outputs[0]?.data, weights: about.properties.weights };
    };
    const first = await serve(context);
    assert.ok(first.values?.some((value) => value > 0));
    const paths = (await readdir(cache, { recursive: true })).filter((path) => path.endsWith('model.onnx.data'));
    assert.equal(paths.length, 1);
    assert.deepEqual(await serve(context), { ...first, weights: 'shared by all workers from an existing cache entry' });
    await damage(join(cache, paths[0] ?? ''), join(folder, '.stamp'));
    assert.deepEqual(await serve(context), first);
    assert.match(first.weights, /from a new cache entry/);
  });
});
