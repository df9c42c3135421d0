import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import { toHttpFailure } from '../../../src/server/http/http-errors.js';

describe('the text of a failure', () => {
  it('is cut where it quotes a name as long as a body, whatever the name is made of', () => {
    const textOf = (text: string): string => toHttpFailure(new AppError('INVALID_INPUT', text)).text;
    assert.equal(textOf('x'.repeat(10_000)).length, 10_000);
    assert.equal(textOf('x'.repeat(30_000_000)), `${'x'.repeat(10_000)} ...`);
    assert.ok(textOf('\u202e'.repeat(30_000_000)).length < 100_000);
    const { text } = toHttpFailure(new AppError('MODEL_NOT_FOUND', `'/tmp/${'/'.repeat(30_000_000)}x'`));
    assert.match(text, /^'\/tmp\/+ \.\.\.$|^'\.\.\.\/tmp/);
    assert.ok(text.length <= 10_004);
  });
});
