import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from '../../../src/client/index.js';
import { writeOnnx, type Graph } from '../../../src/model/onnx/writer.js';
import { openTokenizer } from '../../../src/tasks/text/tokenizer.js';
import { jsonOf, send } from '../../support/http.js';
import { openTestServer, type TestServer } from '../../support/server.js';
import { classifier, size, table, tokenVectors } from '../../tasks/text/models.js';
import { tokenizerJson, tokenizerOf } from '../../tasks/text/fixtures.js';

const pixels: Graph = {
  name: 'pixels',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 3, 4, 4] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 3, 4, 4] }],
  nodes: [{ op: 'Identity', inputs: ['X'], outputs: ['Y'] }],
};

const tokenizer = openTokenizer(tokenizerOf('wordpiece'));
type Text = string | readonly [string, string];

/** What the graph answers for each token, from its definition. */
function vectorsOf(text: Text, most = 32): number[][] {
  const { ids, types } = tokenizer.encode(text, most);
  return ids.map((id, n) => Array.from({ length: size }, (_, i) => table[id * size + i]! + types[n]!));
}

const meanOf = (vectors: readonly number[][]) =>
  Array.from({ length: size }, (_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0) / vectors.length);
const unitOf = (vector: readonly number[]) => vector.map((value) => value / Math.hypot(...vector));

function softmax(values: readonly number[]): number[] {
  const powers = values.map((value) => Math.exp(value - Math.max(...values)));
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
}

function assertNear(own: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(own.length, expected.length, what);
  own.forEach((value, n) =>
    assert.ok(Math.abs(value - expected[n]!) < 1e-5, `${what}: ${String(own)} instead of ${String(expected)}`),
  );
}

const tokens = {
  'tokenizer.json': tokenizerJson('wordpiece'),
  'tokenizer_config.json': '{"model_max_length":32,"pad_token":"[PAD]"}',
};
const folders: Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>> = {
  embedder: {
    ...tokens,
    'onnx/model.onnx': writeOnnx(tokenVectors),
    'config.json': JSON.stringify({ architectures: ['BertModel'], max_position_embeddings: 512 }),
    'modules.json': JSON.stringify(
      ['Transformer', 'Pooling', 'Normalize'].map((name) => ({ type: `sentence_transformers.models.${name}` })),
    ),
    '1_Pooling/config.json': JSON.stringify({
      word_embedding_dimension: size,
      pooling_mode_mean_tokens: true,
      pooling_mode_cls_token: false,
    }),
  },
  sentiment: {
    ...tokens,
    'model.onnx': writeOnnx(classifier),
    'config.json': JSON.stringify({
      architectures: ['BertForSequenceClassification'],
      id2label: Object.fromEntries(['bad', 'so', 'good', 'best'].map((label, n) => [String(n), label])),
    }),
  },
  raw: { ...tokens, '1/model.onnx': writeOnnx(tokenVectors) },
  pixels: { '1/model.onnx': writeOnnx(pixels), 'model.json': '{"image":{}}' },
};

/** Lengths from three tokens to beyond the most, so that several groups are made. */
const texts: readonly Text[] = [
  'a model',
  'the server answers each request with the device that computed it, and says so in every answer that it sends to a client of any kind at all',
  ['one model', 'two of them'],
  'batching: rows wait',
  'Ünïcode 東京 🙂',
  'a model',
  ['the first text of a pair is a long one, which is cut before the other', 'short'],
];

describe('texts', () => {
  let opened: TestServer & { stop(): Promise<void> };
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'slipway-texts-'));
    for (const [model, files] of Object.entries(folders)) {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(root, model, path)), { recursive: true });
        await writeFile(join(root, model, path), content);
      }
    }
    opened = await openTestServer({ folder: root });
  });
  after(async () => {
    await opened.stop();
    await rm(root, { recursive: true });
  });

  const post = (path: string, body: unknown, type = 'application/json') =>
    send(opened.url, {
      method: 'POST',
      path,
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const refusal = async (path: string, body: unknown, type?: string): Promise<string> => {
    const answer = await post(path, body, type);
    assert.equal(answer.status, 400, JSON.stringify(jsonOf(answer)));
    return (jsonOf(answer) as { error: string }).error;
  };

  it('are found from the folder of an exporter, and the metadata says from which file', async () => {
    const { notes, properties } = (await (await fetch(`${opened.url}/v2/models/embedder`)).json()) as {
      notes: string[];
      properties: Record<string, string>;
    };
    assert.match(
      notes.join('\n'),
      /Found in tokenizer\.json: it takes texts, up to 32 tokens \(tokenizer_config\.json\)/,
    );
    assert.match(
      notes.join('\n'),
      /Found in modules\.json and 1_Pooling\/config\.json: an embedding, pooling mean, normalised/,
    );
    assert.equal(properties['task'], 'embedding');
    assert.equal(properties['text_max_length'], '32');
  });

  it('become vectors in their own order, pooled over the tokens that count and normalised, each as if it came alone', async () => {
    const answer = jsonOf(await post('/predictions/embedder?similarity=true', { text: texts })) as {
      embeddings: number[][];
      similarity: number[][];
    };
    const expected = texts.map((text) => unitOf(meanOf(vectorsOf(text))));
    assert.equal(answer.embeddings.length, texts.length);
    expected.forEach((vector, n) => assertNear(answer.embeddings[n]!, vector, JSON.stringify(texts[n])));
    expected.forEach((a, n) =>
      assertNear(
        answer.similarity[n]!,
        expected.map((b) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)),
        `row ${n}`,
      ),
    );
    const alone = jsonOf(await post('/predictions/embedder', 'a model', 'text/plain; charset=utf-8')) as {
      embeddings: number[];
    };
    assertNear(alone.embeddings, expected[0]!, 'one text is one vector');
  });

  it('come as a file, as curl -T and forms send them, where a model takes texts alone', async () => {
    const expected = unitOf(meanOf(vectorsOf('a model')));
    const read = async (init: RequestInit): Promise<number[]> => {
      const response = await fetch(`${opened.url}/predictions/embedder`, { method: 'PUT', ...init });
      const answer = (await response.json()) as { embeddings: number[]; error?: string };
      assert.equal(response.status, 200, answer.error);
      return answer.embeddings;
    };
    for (const type of [undefined, 'application/octet-stream', 'application/x-www-form-urlencoded', 'text/csv']) {
      const headers = type === undefined ? undefined : { 'content-type': type };
      assertNear(await read({ body: Buffer.from('a model'), ...(headers && { headers }) }), expected, String(type));
    }
    for (const name of ['text', 'data', 'body']) {
      const [field, file] = [new FormData(), new FormData()];
      field.append(name, 'a model');
      file.append(name, new Blob(['a model']), 'a.txt');
      assertNear(await read({ body: field }), expected, `field ${name}`);
      assertNear(await read({ body: file }), expected, `file ${name}`);
    }
    const form = await post('/predictions/embedder', 'text=a+model', 'application/x-www-form-urlencoded');
    assert.match((jsonOf(form) as { error: string }).error, /URL-encoded form with a field 'text'.*text\/plain/);
    const notText = await send(opened.url, { path: '/predictions/embedder', body: Buffer.of(0xff, 0xd8, 0xff, 0) });
    assert.match((jsonOf(notText) as { error: string }).error, /not text in UTF-8/);
  });

  it('become labels with probabilities, pairs with the type of their second text', async () => {
    const { predictions } = jsonOf(await post('/predictions/sentiment?top=4', { text: texts })) as {
      predictions: { label: string; index: number; probability: number }[][];
    };
    texts.forEach((text, n) => {
      const vectors = vectorsOf(text);
      const expected = softmax(meanOf(vectors).map((value) => value * vectors.length));
      const own = predictions[n]!.toSorted((a, b) => a.index - b.index);
      assertNear(
        own.map(({ probability }) => probability),
        expected,
        JSON.stringify(text),
      );
      assert.deepEqual(
        own.map(({ label }) => label),
        ['bad', 'so', 'good', 'best'],
      );
    });
    const one = jsonOf(await post('/predictions/sentiment', { text: 'a model', top: 1 })) as {
      predictions: { label: string }[];
    };
    assert.equal(one.predictions[0]!.label, predictions[0]![0]!.label);
  });

  it('answer outputs text by text where a model has no task, or they are asked for', async () => {
    const { outputs } = jsonOf(await post('/predictions/raw', { text: texts })) as { outputs: { shape: number[] }[][] };
    assert.deepEqual(
      outputs.map(([output]) => output!.shape[0]),
      texts.map(() => 1),
    );
    const both = jsonOf(await post('/predictions/embedder?outputs=true', { text: texts.slice(0, 2) })) as {
      embeddings: number[][];
      outputs: { shape: number[] }[][];
    };
    assertNear(both.embeddings[1]!, unitOf(meanOf(vectorsOf(texts[1]!))), 'beside outputs');
    assert.deepEqual(
      both.outputs.map(([output]) => output!.shape[1]),
      [8, 32],
    );
  });

  it('are refused with what was expected', async () => {
    assert.match(await refusal('/predictions/embedder', { text: '' }), /"text" is empty/);
    assert.match(await refusal('/predictions/embedder', { text: [] }), /"text" is empty, expected a text, or a list/);
    assert.match(await refusal('/predictions/embedder', { text: ['a', ''] }), /number 2 is empty/);
    assert.match(
      await refusal('/predictions/embedder', { text: [['a', 'b', 'c']] }),
      /number 1 has 3 texts, expected a text or a pair/,
    );
    assert.match(await refusal('/predictions/embedder', { text: 7 }), /must be an array/);
    assert.match(await refusal('/predictions/embedder', { text: Array(1025).fill('a') }), /more than 1024 texts/);
    assert.match(
      await refusal('/predictions/embedder', { text: 'a'.repeat(262_145) }),
      /more than the 262144 of one text/,
    );
    assert.match(await refusal('/predictions/embedder', { text: 'a', images: ['a'] }), /exactly one of/);
    assert.match(await refusal('/predictions/embedder?similarity=true', { text: Array(257).fill('a') }), /at most 256/);
    assert.match(
      await refusal('/predictions/sentiment?similarity=true', { text: 'a' }),
      /models of the task embedding/,
    );
    assert.match(await refusal('/predictions/pixels', { text: 'a' }), /'pixels' takes no text.*Send an image instead/);
    assert.match(
      await refusal('/predictions/embedder', 'GIF89a', 'image/gif'),
      /takes no images.*\{"text": "\.\.\."\}/,
    );
    assert.match(await refusal('/predictions/embedder', 'a', 'text/plain; charset=latin1'), /not text in UTF-8/);
  });

  it('are typed in the client', async () => {
    const connection = await connect({ url: opened.url });
    const { embeddings, similarity } = await connection
      .model('embedder')
      .embed(['a model', ['a', 'b']], { similarity: true });
    assertNear(embeddings[0]!, unitOf(meanOf(vectorsOf('a model'))), 'embed');
    assert.equal(similarity!.length, 2);
    const { predictions } = await connection.model('sentiment').classifyText(['a', 'b'], { top: 2 });
    assert.equal(predictions.length, 2);
    await assert.rejects(connection.model('sentiment').embed(['a']), /is not an embedding model/);
    await assert.rejects(connection.model('embedder').classifyText('a'), /is not a classifier/);
  });
});
