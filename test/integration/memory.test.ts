import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import type { Graph } from '../../src/model/onnx/writer.js';
import { identity } from '../support/models.js';
import { jsonOf, send, withBinary } from '../support/http.js';
import { serveFor } from '../support/server.js';

/** Y = X + W, where X is [rows,1] and Y [rows,4096]: four thousand times what was sent. */
const widens: Graph = {
  name: 'widens',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['rows', 1] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['rows', 4096] }],
  nodes: [{ op: 'Add', inputs: ['X', 'W'], outputs: ['Y'] }],
  initializers: [{ name: 'W', datatype: 'FP32', shape: [4096], data: new Float32Array(4096) }],
};

const rows = (count: number, more: object = {}) =>
  JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [count, 1], data: Array(count).fill(1) }], ...more });

describe('the memory that requests may hold together', () => {
  it('counts tensors that were read from JSON beside the JSON', async (context) => {
    const { server, url } = await serveFor(context, {
      models: [{ name: 'm', graph: identity('FP64', ['n']) }],
      flags: ['--request-memory', '1M'],
    });
    const ask = (count: number) => {
      const data = `[${'0,'.repeat(count - 1)}0]`;
      const body = `{"inputs":[{"name":"X","datatype":"FP64","shape":[${count}],"data":${data}}]}`;
      return send(url, { path: '/v2/models/m/infer', body });
    };
    assert.equal((await ask(20_000)).status, 200);
    const refused = await ask(120_000);
    assert.equal(refused.status, 413);
    assert.match((jsonOf(refused) as { error: string }).error, /needs \d+ bytes of memory.*--request-memory/);
    assert.equal(server.memory.usedBytes, 0);
  });

  it('counts answers until they are read, and takes no more while they fill it', async (context) => {
    const { server, url } = await serveFor(context, {
      models: [{ name: 'wide', graph: widens }],
      flags: ['--request-memory', '8M'],
    });
    const body = rows(3000, { parameters: { binary_data_output: true } });
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
    socket.pause();
    await once(socket, 'connect');
    socket.write(`POST /v2/models/wide/infer HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    while (server.memory.usedBytes < 3000 * 4096 * 4) await new Promise((resolve) => setImmediate(resolve));

    const refused = await send(url, { path: '/v2/models/wide/infer', body: rows(1) });
    assert.equal(refused.status, 503);
    assert.match((jsonOf(refused) as { error: string }).error, /may hold together \(--request-memory\)/);
    assert.ok(refused.headers['retry-after']);

    socket.destroy();
    while (server.memory.usedBytes > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await send(url, { path: '/v2/models/wide/infer', body: rows(1) })).status, 200);
  });

  it('counts what an answer in JSON may come to before it is written: six bytes for each of a text, twenty for a number', async (context) => {
    const { server, url } = await serveFor(context, {
      models: [
        { name: 'texts', graph: identity('BYTES', ['n']) },
        { name: 'floats', graph: identity('FP32', ['n']) },
      ],
      flags: ['--request-memory', '32M'],
    });
    const input = { name: 'X', datatype: 'BYTES', shape: [1] };
    const askText = (length: number, more: object = {}) => {
      const bytes = Buffer.alloc(4 + length, 1);
      bytes.writeUInt32LE(length);
      const json = { inputs: [{ ...input, parameters: { binary_data_size: bytes.length } }], ...more };
      return send(url, { path: '/v2/models/texts/infer', ...withBinary(json, bytes) });
    };
    const answered = await askText(2 ** 22);
    assert.deepEqual([answered.status, answered.body.length > 6 * 2 ** 22], [200, true]);
    const refused = await askText(2 ** 22 + 2 ** 20);
    assert.equal(refused.status, 413);
    assert.match((jsonOf(refused) as { error: string }).error, /^The request needs \d+ bytes of memory/);
    assert.equal((await askText(2 ** 22 + 2 ** 20, { parameters: { binary_data_output: true } })).status, 200);

    const askFloats = (path: string, body: object) => send(url, { path, body: JSON.stringify(body) });
    const few = { datatype: 'FP32', shape: [100_000], data: Array<number>(100_000).fill(1) };
    const many = { datatype: 'FP32', shape: [2_000_000], data: Array<number>(2_000_000).fill(1) };
    for (const [path, form] of [
      ['/v2/models/floats/infer', (tensor: typeof few) => ({ inputs: [{ name: 'X', ...tensor }] })],
      ['/predictions/floats', (tensor: typeof few) => ({ inputs: [{ name: 'X', ...tensor }] })],
      ['/v1/models/floats:predict', ({ data }: typeof few) => ({ inputs: data })],
    ] as const) {
      assert.equal((await askFloats(path, form(few))).status, 200, path);
      assert.equal((await askFloats(path, form(many))).status, 413, path);
    }
    assert.equal(server.memory.usedBytes, 0);
  });
});
