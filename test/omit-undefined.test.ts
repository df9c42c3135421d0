import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { omitUndefined } from '../src/omit-undefined.js';

describe('fields that may be undefined', () => {
  it('are absent where they are undefined, and keep every other value in its place', () => {
    const fields = omitUndefined({ b: 0, gone: undefined, a: '', c: null, d: false, e: Number.NaN });
    assert.deepEqual(Object.entries(fields), [
      ['b', 0],
      ['a', ''],
      ['c', null],
      ['d', false],
      ['e', Number.NaN],
    ]);
    assert.equal('gone' in fields, false);
  });

  it('leave what they are spread over as it was', () => {
    const maxRows: number | undefined = undefined;
    assert.deepEqual({ maxRows: 32, ...omitUndefined({ maxRows }) }, { maxRows: 32 });
  });
});
