import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkKey, digestKeys, parseKeys } from '../../src/server/api-keys.js';

const keys = digestKeys(parseKeys('first-key\n# a comment\n\n  second#key  # trailing\r\n'));

describe('api keys', () => {
  it('reads one key a line and leaves comments out', () => {
    assert.deepEqual(parseKeys('a\n#b\n c # d\n\ne#f'), ['a', 'c', 'e#f']);
  });

  it('takes a key as bearer token or as x-api-key', () => {
    checkKey({ authorization: 'Bearer first-key' }, keys);
    checkKey({ authorization: 'bearer second#key' }, keys);
    checkKey({ 'x-api-key': 'second#key' }, keys);
  });

  it('refuses no key, another key, and the start of a key', () => {
    for (const headers of [
      {},
      { authorization: 'Basic first-key' },
      { authorization: 'Bearer first-ke' },
      { 'x-api-key': 'first-key2' },
      { 'x-api-key': '' },
    ]) {
      assert.throws(() => checkKey(headers, keys), { code: 'UNAUTHORIZED' });
    }
  });
});
