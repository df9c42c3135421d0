import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { runProgram } from '../../src/launch/program.js';
import { lendThisProcess } from '../../src/launch/this-process.js';
import { hexOf, sendFile, standIn } from '../store/stand-in.js';
import { temporaryFolder } from '../support/folder.js';
import { sumAndDifference } from '../support/models.js';

const bytes = Buffer.from(writeOnnx(sumAndDifference));

/** Runs `launch models ...` with a cache and a home of its own. */
async function models(folder: string, ...args: readonly string[]) {
  const text = { stdout: '', stderr: '' };
  const streams = {
    stdout: { write: (part: string) => (text.stdout += part) },
    stderr: { write: (part: string) => (text.stderr += part) },
  };
  const env = { SLIPWAY_CACHE_DIR: join(folder, 'cache') };
  const context = { ...lendThisProcess(() => undefined, streams), env, cwd: folder, homeFolder: folder };
  const code = await runProgram(['models', ...args], context);
  return { ...text, code };
}

describe('launch models', () => {
  it('pulls into the cache, lists what is there, says what a place has, and removes it', async (context) => {
    const { url } = await standIn(context, (one, response) => sendFile(one, response, { bytes, etag: '"v1"' }));
    const folder = temporaryFolder('models-');
    const location = `${url}/net.onnx`;
    assert.match((await models(folder, 'ls')).stderr, /No model was pulled yet/);
    assert.match((await models(folder, 'inspect', location)).stderr, /"v1", not here/);
    const pulled = await models(folder, 'pull', location);
    assert.equal(pulled.code, 0);
    assert.deepEqual(await readFile(pulled.stdout.trim()), bytes);
    assert.match(pulled.stderr, /1 file, \d+ B, 1 without a digest to check/);
    const [listed] = JSON.parse((await models(folder, 'ls', '--json')).stdout) as Record<string, unknown>[];
    assert.deepEqual(
      [listed?.['location'], listed?.['path'], listed?.['bytes']],
      [location, pulled.stdout.trim(), bytes.length],
    );
    const inspected = JSON.parse(
      (await models(folder, 'inspect', `${location}#sha256=${hexOf(bytes)}`, '--json')).stdout,
    ) as { files: unknown };
    assert.deepEqual(inspected.files, [
      { path: 'net.onnx', sizeBytes: bytes.length, digest: `sha256:${hexOf(bytes)}` },
    ]);
    assert.equal((await models(folder, 'rm', location)).code, 0);
    assert.equal((await models(folder, 'rm', location)).code, 8);
    await assert.rejects(stat(pulled.stdout.trim()), { code: 'ENOENT' });
  });

  it('puts a copy where --to says, and takes the place of what is there only where it is told to', async (context) => {
    const { url } = await standIn(context, (one, response) => sendFile(one, response, { bytes, etag: '"v1"' }));
    const folder = temporaryFolder('models-');
    await writeFile(join(folder, 'here.onnx'), 'mine');
    const refused = await models(folder, 'pull', `${url}/net.onnx`, '--to', 'here.onnx');
    assert.deepEqual([refused.code, await readFile(join(folder, 'here.onnx'), 'utf8')], [2, 'mine']);
    assert.match(refused.stderr, /exists: name another path, or add --replace/);
    assert.equal((await models(folder, 'pull', `${url}/net.onnx`, '--to', 'here.onnx', '--replace')).code, 0);
    assert.deepEqual(await readFile(join(folder, 'here.onnx')), bytes);
  });

  it('pushes nowhere that takes nothing, and nothing that is no model', async () => {
    const folder = temporaryFolder('models-');
    await writeFile(join(folder, 'a.txt'), 'a');
    assert.match((await models(folder, 'push', folder, 's3://bucket/x')).stderr, /holds no file NAME\.onnx/);
    await writeFile(join(folder, 'a.onnx'), bytes);
    assert.match((await models(folder, 'push', 'a.onnx', 'https://host/a.onnx')).stderr, /takes no models from here/);
    assert.match((await models(folder, 'push', 'a.onnx', 'hf://o/n')).stderr, /hf upload o\/n/);
    assert.match((await models(folder, 'pull', './a.onnx')).stderr, /expected https:/);
  });
});
