import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { openTokenizer } from '../../../src/tasks/text/tokenizer.js';
import { jsonOf, send } from '../../support/http.js';
import { openTestServer, type TestServer } from '../../support/server.js';
import { tokenizerJson, tokenizerOf } from '../../tasks/text/fixtures.js';
import { size, table, unmaskedVectors } from '../../tasks/text/models.js';

const tokenizer = openTokenizer(tokenizerOf('wordpiece'));

/** The mean of the vectors that the graph answers for tokens that count. */
const meanOf = (ids: readonly number[]) =>
  Array.from({ length: size }, (_, i) => 1 + ids.reduce((sum, id) => sum + table[id * size + i]!, 0) / ids.length);

function assertNear(own: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(own.length, expected.length, what);
  own.forEach((value, n) =>
    assert.ok(Math.abs(value - expected[n]!) < 1e-5, `${what}: ${String(own)} instead of ${String(expected)}`),
  );
}

/** A run of 512 tokens or more has inputs of 4 KiB and more, which move to its worker with the mask among them. */
describe('embeddings of a model whose padding has vectors of its own', () => {
  let opened: TestServer & { stop(): Promise<void> };
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'slipway-masks-'));
    await mkdir(join(root, 'embedder', '1'), { recursive: true });
    const files = {
      '1/model.onnx': writeOnnx(unmaskedVectors),
      'tokenizer.json': tokenizerJson('wordpiece'),
      'tokenizer_config.json': '{"model_max_length":32,"pad_token":"[PAD]"}',
      'model.json': JSON.stringify({ embedding: { output: 'last_hidden_state', pooling: 'mean', normalize: false } }),
    };
    for (const [path, content] of Object.entries(files)) await writeFile(join(root, 'embedder', path), content);
    opened = await openTestServer({ folder: root });
  });
  after(async () => {
    await opened.stop();
    await rm(root, { recursive: true });
  });

  const embed = async (body: object): Promise<readonly number[][]> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await send(opened.url, { path: '/predictions/embedder', headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, answer.body.toString());
    const { embeddings } = jsonOf(answer) as { embeddings: number[] | number[][] };
    return typeof embeddings[0] === 'number' ? [embeddings as number[]] : (embeddings as number[][]);
  };

  for (const count of [1, 30, 200]) {
    it(`pool the tokens of ${count} texts without their padding`, async () => {
      const text = Array.from({ length: count }, (_, n) => `a model ${'of two '.repeat(n % 6)}server`);
      const embeddings = await embed({ text });
      assert.equal(embeddings.length, count);
      text.forEach((one, n) => assertNear(embeddings[n]!, meanOf(tokenizer.encode(one, 32).ids), `text ${n}`));
    });
  }

  for (const rows of [1, 15, 16, 20, 64]) {
    it(`pool the tokens that a mask counts which was sent as a tensor of ${rows} rows of 32`, async () => {
      const shape = [rows, 32];
      const ids = Array.from({ length: rows * 32 }, (_, n) => n % 9);
      const data = {
        input_ids: ids,
        attention_mask: ids.map((_, n) => (n % 32 <= n / 32 ? 1 : 0)),
        token_type_ids: ids.map(() => 0),
      };
      const inputs = Object.entries(data).map(([name, own]) => ({ name, datatype: 'INT64', shape, data: own }));
      const embeddings = await embed({ inputs });
      assert.equal(embeddings.length, rows);
      embeddings.forEach((vector, row) =>
        assertNear(vector, meanOf(ids.slice(row * 32, row * 32 + Math.min(32, row + 1))), `row ${row}`),
      );
    });
  }
});
