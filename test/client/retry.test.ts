import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRetryAfter, retryDelayMs } from '../../src/client/http.js';

describe('a request', () => {
  const answered = (status: number, retryAfter?: string) =>
    ({ kind: 'answered', status, retryAfter, date: undefined }) as const;

  it('is tried again after 429 and 503 and where no connection came about, each time later', () => {
    assert.deepEqual(
      [1, 2, 3, 9].map((tries) => retryDelayMs(answered(503), tries)),
      [100, 200, 400, 2000],
    );
    assert.equal(retryDelayMs(answered(429), 1), 100);
    assert.equal(retryDelayMs({ kind: 'refused' }, 2), 200);
  });

  it('is tried again at once, and only once, where a kept connection broke', () => {
    assert.deepEqual(
      [1, 2].map((tries) => retryDelayMs({ kind: 'stale' }, tries)),
      [0, undefined],
    );
  });

  it('is not tried again where the server has answered or may have computed', () => {
    for (const status of [200, 400, 404, 413, 500]) assert.equal(retryDelayMs(answered(status), 1), undefined);
    assert.equal(retryDelayMs({ kind: 'broken' }, 1), undefined);
  });

  it("waits as long as Retry-After says, in seconds or as a date against the answer's own", () => {
    assert.equal(retryDelayMs(answered(503, '3'), 5), 3000);
    const [date, later] = ['Wed, 21 Oct 2026 07:28:00 GMT', 'Wed, 21 Oct 2026 07:28:05 GMT'];
    assert.equal(parseRetryAfter(later, date), 5000);
    assert.equal(parseRetryAfter(date, later), 0);
    assert.equal(parseRetryAfter(later, undefined), undefined);
    assert.equal(parseRetryAfter('soon', date), undefined);
  });
});
