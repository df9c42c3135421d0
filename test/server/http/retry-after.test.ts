import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { queueFull, queueTimeout, shuttingDown } from '../../../src/batching/admission/refusals.js';
import { toHttpFailure } from '../../../src/server/http/http-errors.js';

describe('Retry-After', () => {
  for (const [retryAfterMs, seconds] of [
    [1, '1'],
    [1000, '1'],
    [1001, '2'],
    [84_300, '85'],
  ] as const) {
    it(`is ${seconds} where the rows that wait take ${retryAfterMs} ms`, () => {
      const facts = { model: 'm', rows: 1, queuedRows: 4, maxQueueRows: 4, retryAfterMs };
      const full = toHttpFailure(queueFull(facts));
      assert.deepEqual([full.status, full.headers], [429, { 'retry-after': seconds }]);
      const late = toHttpFailure(queueTimeout({ model: 'm', waitedMs: 5, limitMs: 5, retryAfterMs }));
      assert.deepEqual([late.status, late.headers], [503, { 'retry-after': seconds }]);
    });
  }

  it('is a second where nothing is measured', () => {
    assert.deepEqual(toHttpFailure(shuttingDown('m')).headers, { 'retry-after': '1' });
  });
});
