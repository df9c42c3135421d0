import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkModelName, escapeMisleading } from '../../src/protocol/paths.js';

describe('the name of a model', () => {
  it('may be in any language and hold dots, spaces and signs', () => {
    for (const name of ['m', 'a.b', '..a', 'größe', '模型', 'a b', '100%', 'x:y', 'نموذج']) {
      assert.equal(checkModelName(name), name);
    }
  });

  it('holds nothing that leads elsewhere, steers a terminal, breaks a line or turns the direction of writing', () => {
    for (const sign of [
      '/',
      '\\',
      '\0',
      '\n',
      '\r',
      '\t',
      '\u001b',
      '\u007f',
      '\u0085',
      '\u009b',
      '\u2028',
      '\u2029',
      '\u202e',
      '\u2066',
      '\u200f',
      '\ud800',
    ]) {
      for (const name of [sign, `a${sign}`, `${sign}a`, `a${sign}b`]) {
        assert.throws(
          () => checkModelName(name),
          (error: Error & { code?: string }) =>
            error.code === 'INVALID_INPUT' && !/[\p{Cc}\p{Bidi_Control}]/u.test(error.message),
          JSON.stringify(name),
        );
      }
    }
    for (const name of ['', ' ', '.', '..']) assert.throws(() => checkModelName(name), { code: 'INVALID_INPUT' });
  });

  it('is shown with such signs written out', () => {
    assert.equal(escapeMisleading('a\u001b[31mb\u202ec\n'), 'a\\u001b[31mb\\u202ec\\u000a');
  });
});
