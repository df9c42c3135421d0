import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sumAndDifference } from '../support/models.js';
import { serveFor } from '../support/server.js';

const values = Array.from({ length: 16 }, (_, index) => index);
const body = JSON.stringify({
  inputs: ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: [1, 16], data: values })),
});

describe('a running server', () => {
  it('answers a request with the sums, the device, and where the time went', async (context) => {
    const { url } = await serveFor(context, {
      models: [{ name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } }],
    });
    const response = await fetch(`${url}/v2/models/m/infer`, { method: 'POST', body });
    const answer = (await response.json()) as { outputs: { name: string; data: number[] }[] };
    assert.equal(response.status, 200);
    assert.deepEqual(
      answer.outputs.find(({ name }) => name === 'S')?.data,
      values.map((value) => 2 * value),
    );
    assert.equal(response.headers.get('x-inference-device'), 'cpu');
    assert.match(
      response.headers.get('server-timing') ?? '',
      /^queue;dur=[\d.]+, decode;dur=[\d.]+, compute;dur=[\d.]+, encode;dur=[\d.]+$/,
    );
    assert.match(response.headers.get('x-request-id') ?? '', /^test-\w+$/);
  });
});
