import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseLocation } from '../../src/store/location.js';
import { pull } from '../../src/store/pull.js';
import { temporaryFolder } from '../support/folder.js';
import { externalModel } from '../repository/external-model.js';
import { events, hexOf, sendFile, standIn, worldWith } from './stand-in.js';

const commit = 'c'.repeat(40);
const gitName = (bytes: Buffer) => hexOf(Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]), 'sha1');

/** A hub with one model, whose large files are known by SHA-256 and others by git's name, as /api/models answers. */
async function hub(context: TestContext, files: Readonly<Record<string, Buffer>>, broken = '') {
  const server = await standIn(context, (one, response) => {
    const url = new URL(one.url, 'http://x');
    if (one.headers.authorization !== 'Bearer hf_secret')
      return void response.writeHead(401).end('{"error":"Repository not found"}');
    if (
      url.pathname === '/api/models/team/net/revision/refs%2Fpr%2F1' ||
      url.pathname === '/api/models/team/net/revision/main'
    ) {
      const siblings = Object.entries(files).map(([rfilename, bytes]) => ({
        rfilename,
        size: bytes.length,
        blobId: gitName(bytes),
        ...(rfilename.includes('onnx') ? { lfs: { sha256: hexOf(bytes), size: bytes.length } } : {}),
      }));
      return void response.end(JSON.stringify({ sha: commit, siblings }));
    }
    const name = decodeURIComponent(url.pathname.replace(`/team/net/resolve/${commit}/`, ''));
    const bytes = files[name];
    if (bytes === undefined) return void response.writeHead(404).end();
    sendFile(one, response, { bytes: name === broken ? Buffer.from([...bytes.subarray(1), 9]) : bytes });
  });
  const { world } = worldWith({
    env: { HF_ENDPOINT: `${server.url}/` },
    files: { '/home/me/.cache/huggingface/token': 'hf_secret\n' },
  });
  return {
    ...server,
    pulled: (at: string) =>
      pull({ location: parseLocation(`hf://team/net${at}`), cache: temporaryFolder('hf-'), world, events: told }),
  };
}

const told = events();

describe('a model of a hub', () => {
  const files = {
    'README.md': Buffer.from('#'),
    'config.json': Buffer.from('{}'),
    'tokenizer.json': Buffer.from('{"a":1}'),
    'model.safetensors': Buffer.alloc(100),
    'onnx/model.onnx': Buffer.from(externalModel('model.onnx_data')),
    'onnx/model.onnx_data': Buffer.alloc(4096, 3),
    'onnx/model_fp16.onnx': Buffer.from(externalModel('model_fp16.onnx_data')),
    'onnx/model_fp16.onnx_data': Buffer.alloc(2048, 4),
  };

  it('comes as its usual ONNX file with the weights that it names and the small files about it, at one commit', async (context) => {
    const { pulled } = await hub(context, files);
    const found = await pulled('');
    assert.equal(found.revision, commit);
    assert.deepEqual(
      found.files.map(({ path, verified }) => [path, verified]),
      [
        ['net/onnx/model.onnx', 'sha256'],
        ['net/config.json', 'git-blob'],
        ['net/tokenizer.json', 'git-blob'],
        ['net/onnx/model.onnx_data', 'sha256'],
      ],
    );
    assert.match(told.notes.join(), /onnx\/model\.onnx was chosen; there are also onnx\/model_fp16\.onnx/);
  });

  it('comes as the file that is named, under the name that is served', async (context) => {
    const { pulled } = await hub(context, files);
    const { path, files: came } = await pulled('@refs%2Fpr%2F1/onnx/model_fp16.onnx');
    assert.deepEqual(await readFile(join(path, 'onnx/model.onnx')), files['onnx/model_fp16.onnx']);
    assert.equal(came.at(-1)?.path, 'net/onnx/model_fp16.onnx_data');
  });

  it('that has several files of which none is meant, or none, is refused with their names', async (context) => {
    const several = await hub(context, { 'a.onnx': Buffer.from('a'), 'b.onnx': Buffer.from('b') });
    await assert.rejects(
      several.pulled(''),
      /a\.onnx, b\.onnx, none of which was named; name one: hf:\/\/team\/net\/a\.onnx/,
    );
    const none = await hub(context, { 'model.safetensors': Buffer.alloc(1) });
    await assert.rejects(none.pulled(''), /no ONNX file/);
  });

  it('whose bytes are others than git or the hub says is thrown away', async (context) => {
    for (const broken of ['config.json', 'onnx/model.onnx']) {
      const { pulled } = await hub(context, files, broken);
      await assert.rejects(pulled(''), /came with (git-blob|sha256)/, broken);
    }
  });

  it('whose address is none is refused by the name of its variable', async () => {
    for (const HF_ENDPOINT of ['127.0.0.1:8080', 'localhost:8080', 'https://', 'ftp://x', '///']) {
      const { world } = worldWith({ env: { HF_ENDPOINT } });
      await assert.rejects(
        pull({ location: parseLocation('hf://team/net'), cache: temporaryFolder('hf-'), world, events: told }),
        { code: 'USAGE', message: 'HF_ENDPOINT is not an address: expected one such as http://127.0.0.1:9000.' },
      );
    }
  });

  it('that wants a token says where it is looked for', async (context) => {
    const { url } = await hub(context, files);
    const { world } = worldWith({ env: { HF_ENDPOINT: url } });
    await assert.rejects(
      pull({ location: parseLocation('hf://team/net'), cache: temporaryFolder('hf-'), world, events: told }),
      /401 \(Repository not found\).*HF_TOKEN/,
    );
  });
});
