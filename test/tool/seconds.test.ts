import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSeconds } from '../../src/tool/access.js';

describe('--timeout of slipway predict and bench', () => {
  it('takes the times that launch takes, a bare number being seconds', () => {
    const texts = ['30', '0.5', '30s', '2m', '1.5h', '1500ms', '24h'];
    assert.deepEqual(texts.map(parseSeconds), [30, 0.5, 30, 120, 5400, 1.5, 86_400]);
  });

  it('refuses none, more than a day and what is no time', () => {
    for (const text of ['0', '0ms', '25h', '86401', '-1', '1d', 'm', '', '1 m', '1e3', 'Infinity'])
      assert.throws(
        () => parseSeconds(text),
        { code: 'USAGE', message: /expected a time such as 30, 90s or 2m/ },
        text,
      );
  });
});
