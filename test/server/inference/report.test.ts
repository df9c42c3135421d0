import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportHeaders } from '../../../src/server/inference/inference.js';

const report = {
  timings: { queueMs: 1.5, inputMs: 0.25, computeMs: 20, outputMs: 0.001 },
  device: undefined,
  batchRows: 1,
  decodeMs: 0,
  encodeMs: 3,
};

describe('the headers of an answer', () => {
  it('name the device of the model, or of several the one that computed', () => {
    assert.deepEqual(reportHeaders(report, 'cuda:0').slice(0, 2), ['x-inference-device', 'cuda:0']);
    const other = reportHeaders({ ...report, device: 'cuda:3' }, 'cuda:0');
    assert.deepEqual(other.slice(0, 2), ['x-inference-device', 'cuda:3']);
  });

  it('say where the time went, in milliseconds of three places', () => {
    assert.deepEqual(reportHeaders(report, 'cpu').slice(2), [
      'server-timing',
      'queue;dur=1.500, decode;dur=0.000, compute;dur=20.251, encode;dur=3.000',
    ]);
  });
});
