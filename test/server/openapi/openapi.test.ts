import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import sharp from 'sharp';
import { Validator } from '@seriousme/openapi-schema-validator';
import { writeOnnx, type Graph } from '../../../src/model/onnx/writer.js';
import { operations } from '../../../src/server/openapi/operations.js';
import { send } from '../../support/http.js';
import { identity, putModel, sumAndDifference } from '../../support/models.js';
import { serveFor } from '../../support/server.js';
import { tokenizerJson } from '../../tasks/text/fixtures.js';
import { classifier, tokenVectors } from '../../tasks/text/models.js';

/** `:predict` is a verb at the end of a path's last part, which the router takes as one parameter. */
const routed = (path: string) => path.replace(':predict', '');

interface Example {
  readonly value?: unknown;
  readonly externalValue?: string;
}

interface Described {
  readonly tags: readonly string[];
  readonly parameters?: readonly { name: string; schema: { enum?: readonly string[]; default?: string } }[];
  readonly requestBody?: { content: Readonly<Record<string, { examples?: Readonly<Record<string, Example>> }>> };
}

interface Document {
  readonly info: { readonly description?: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly security?: unknown;
}

async function readDocument(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Document> {
  const answer = await send(url, { path: '/openapi.json', headers });
  assert.equal(answer.status, 200);
  const document = JSON.parse(answer.body.toString('utf8')) as Document;
  const copy = JSON.parse(answer.body.toString('utf8')) as Record<string, unknown>;
  const { valid, errors } = await new Validator().validate(copy);
  assert.equal(valid, true, JSON.stringify(errors));
  return document;
}

/** Names of the models that a path offers. */
const choices = ({ paths }: Document, path: string, method = 'post') =>
  paths[path]?.[method]?.parameters?.find(({ name }) => name === 'model')?.schema.enum;

/** Y = X where an element of the table is taken by it: only 0, 1 and 2 are indices. */
const indices: Graph = {
  name: 'indices',
  inputs: [{ name: 'X', datatype: 'INT64', shape: ['batch', 7] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 7] }],
  nodes: [{ op: 'Gather', inputs: ['table', 'X'], outputs: ['Y'] }],
  initializers: [{ name: 'table', datatype: 'FP32', shape: [3], data: Float32Array.of(10, 20, 30) }],
};

/** Y = A + B with B of its own where none is sent. */
const defaulted: Graph = {
  name: 'defaulted',
  inputs: ['A', 'B'].map((name) => ({ name, datatype: 'FP32', shape: [2, 3] })),
  outputs: [{ name: 'Y', datatype: 'FP32', shape: [2, 3] }],
  nodes: [{ op: 'Add', inputs: ['A', 'B'], outputs: ['Y'] }],
  initializers: [{ name: 'B', datatype: 'FP32', shape: [2, 3], data: new Float32Array(6).fill(-1) }],
};

const datatypes = ['BOOL', 'INT8', 'UINT8', 'UINT64', 'INT64', 'FP16', 'FP32', 'FP64', 'BYTES'] as const;
const large = identity('FP32', ['batch', 3, 64, 64]);
const models = [
  { name: 'sum', graph: sumAndDifference },
  ...datatypes.map((datatype) => ({ name: `of ${datatype}+`, graph: identity(datatype, ['batch', 2, 3]) })),
  { name: 'scalar', graph: identity('FP32', []) },
  { name: 'open', graph: identity('INT32', ['batch', 'any', 'more']) },
  { name: 'nothing', graph: identity('FP32', [0, 4]) },
  { name: 'indices', graph: indices },
  { name: 'defaulted', graph: defaulted },
  { name: 'A-large', graph: large },
  { name: 'pixels', graph: large, config: { image: {} } },
  { name: 'half-pixels', graph: identity('FP16', ['batch', 3, 8, 8]), config: { image: {} } },
];

async function serveAll(context: TestContext, flags: readonly string[] = []) {
  const opened = await serveFor(context, { models, flags });
  const put = async (path: string, data: string | Uint8Array) => {
    await mkdir(dirname(join(opened.folder, path)), { recursive: true });
    await writeFile(join(opened.folder, path), data);
  };
  for (const [name, graph] of Object.entries({ sentiment: classifier, tokens: tokenVectors })) {
    await put(`${name}/model.onnx`, writeOnnx(graph));
    await put(`${name}/tokenizer.json`, tokenizerJson('wordpiece'));
    const task = name === 'tokens' ? { embedding: {} } : { classification: {} };
    await put(`${name}/model.json`, JSON.stringify({ text: {}, ...task }));
    const loaded = await send(opened.url, { path: `/v2/repository/models/${name}/load`, body: '{}' });
    assert.equal(loaded.status, 200, loaded.body.toString());
  }
  return opened;
}

describe('the API description', () => {
  it('gives every operation an id of its own', () => {
    const ids = operations.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('describes every route, and no route that is not there', async (context) => {
    const opened = await serveFor(context, {});
    const registered = [...opened.server.app.router.routes].flatMap(([path, methods]) =>
      [...methods].map((method) => `${method.toLowerCase()} ${path}`),
    );
    const described = operations.map(({ method, path }) => `${method} ${routed(path)}`);
    assert.deepEqual(registered.sort(), described.sort());
  });

  it('begins with inference, offers the models that are ready by name, and follows what is loaded', async (context) => {
    const { url, folder } = await serveFor(context, { models: [{ name: 'sum', graph: sumAndDifference }] });
    await putModel(folder, { name: 'broken', graph: { ...sumAndDifference, nodes: [] } });
    const before = await readDocument(url);
    assert.equal(before.tags[0]?.name, 'inference');
    assert.deepEqual(Object.values(before.paths)[0]?.['post']?.tags, ['inference']);
    for (const path of ['/predictions/{model}', '/v2/models/{model}/infer', '/v1/models/{model}:predict']) {
      assert.deepEqual(choices(before, path), ['sum'], path);
    }
    assert.deepEqual(choices(before, '/v2/models/{model}', 'get'), ['sum']);
    await putModel(folder, { name: 'later', graph: sumAndDifference });
    assert.equal((await send(url, { path: '/v2/repository/models/later/load', body: '{}' })).status, 200);
    assert.deepEqual(choices(await readDocument(url), '/predictions/{model}')?.toSorted(), ['later', 'sum']);
    for (const name of ['sum', 'later']) await send(url, { path: `/v2/repository/models/${name}/unload`, body: '{}' });
    const empty = await readDocument(url);
    assert.equal(choices(empty, '/predictions/{model}'), undefined);
  });

  it('holds bodies that the server answers as they stand, for models of every kind', async (context) => {
    const { url } = await serveAll(context);
    const document = await readDocument(url);
    const sent = new Map<string, number>();
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { parameters, requestBody }] of Object.entries(methods)) {
        const examples = requestBody?.content['application/json']?.examples ?? {};
        for (const [model, { value, externalValue }] of Object.entries(examples)) {
          const text =
            externalValue === undefined
              ? JSON.stringify(value)
              : (await send(url, { path: externalValue })).body.toString('utf8');
          const version = parameters?.find(({ name }) => name === 'version')?.schema.default ?? '';
          const at = path.replace('{model}', encodeURIComponent(model)).replace('{version}', version);
          const answer = await send(url, { method: method.toUpperCase(), path: at, body: text });
          assert.equal(answer.status, 200, `${method} ${at} ${text.slice(0, 200)}: ${answer.body.toString().slice(0, 300)}`);
          sent.set(path, (sent.get(path) ?? 0) + 1);
        }
        if (Object.keys(examples).length === 0) continue;
        const offered = parameters?.find(({ name }) => name === 'model')?.schema;
        assert.equal(Object.keys(examples)[0], offered?.default, `${path}: the first body is that of the model shown first`);
      }
    }
    const all = models.length + 2;
    assert.equal(sent.get('/predictions/{model}'), 2 * all, 'by POST and PUT');
    // Half floats have no JSON form in the protocol; long bodies and empty tensors have none in version 1.
    assert.equal(sent.get('/v2/models/{model}/infer'), all - 2);
    assert.equal(sent.get('/v2/models/{model}/versions/{version}/infer'), all - 2);
    assert.equal(sent.get('/v1/models/{model}:predict'), all - 3);
  }); // prettier-ignore

  it('shows an image of the model’s own, a text, and of long bodies where they are', async (context) => {
    const { url, folder } = await serveAll(context, ['--base-path', '/at/base']);
    const plain = sharp({ create: { width: 5, height: 3, channels: 3, background: '#b07' } });
    const image = await plain.png().toBuffer();
    await mkdir(join(folder, 'pixels', 'samples'));
    await writeFile(join(folder, 'pixels', 'samples', 'a.png'), Buffer.alloc(9000));
    await writeFile(join(folder, 'pixels', 'samples', 'b.png'), image);
    const { paths, servers } = await readDocument(url);
    assert.equal(servers[0]?.url, '/at/base');
    const examplesOf = (path: string) => paths[path]?.['post']?.requestBody?.content['application/json']?.examples;
    const predictions = examplesOf('/predictions/{model}');
    assert.deepEqual(predictions?.['pixels']?.value, { image: image.toString('base64') });
    assert.equal(typeof (predictions['sentiment']?.value as { text: string }).text, 'string');
    const infer = examplesOf('/v2/models/{model}/infer');
    assert.deepEqual(infer?.['A-large'], { summary: 'A-large', externalValue: '/at/base/docs/examples/A-large' });
    assert.ok(JSON.stringify(paths).length < 200_000);
  }); // prettier-ignore

  it('tells strangers nothing of the models where keys are asked for, and everything to who shows one', async (context) => {
    const { url } = await serveFor(context, { models: [{ name: 'sum', graph: sumAndDifference }], keys: ['secret'] });
    const stranger = await readDocument(url);
    assert.match(stranger.info.description ?? '', /key/);
    assert.doesNotMatch(JSON.stringify(stranger), /"sum"/);
    assert.deepEqual(stranger.security, [{ key: [] }]);
    for (const headers of [{ authorization: 'Bearer secret' }, { 'x-api-key': 'secret' }]) {
      assert.deepEqual(choices(await readDocument(url, headers), '/predictions/{model}'), ['sum']);
    }
    for (const headers of [{ authorization: 'Bearer wrong' }, { 'x-api-key': '' }, { authorization: '' }]) {
      assert.equal((await send(url, { path: '/openapi.json', headers })).status, 401, JSON.stringify(headers));
    }
    for (const path of ['/docs/examples/sum', '/docs/a/b', '/openapi.json/x', '/openapi.jsonx']) {
      assert.equal((await send(url, { path })).status, 401, path);
    }
    assert.equal((await send(url, { path: '/docs' })).status, 200);
  });

  it('has a page with all of its parts, none of them from elsewhere', async (context) => {
    const { url } = await serveFor(context, { flags: ['--base-path', '/at/base'], keys: ['secret'] });
    const page = await (await fetch(`${url}/docs`)).text();
    const links = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    assert.ok(links.length >= 5 && links.every((link) => /^\/at\/base\/(docs|playground)\//.test(link)), links.join());
    for (const link of links) assert.equal((await fetch(new URL(link, url))).status, 200, link);
    assert.equal((await fetch(`${url}/docs/package.json`)).status, 404);
  });
});
