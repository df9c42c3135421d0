import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildPath } from '../../src/protocol/paths.js';

describe('paths', () => {
  it('name the server, a model, or one version of it', () => {
    assert.equal(buildPath('ready'), '/v2/health/ready');
    assert.equal(buildPath('model-infer', { model: 'm' }), '/v2/models/m/infer');
    assert.equal(buildPath('model-infer', { model: 'm', version: '12' }), '/v2/models/m/versions/12/infer');
    assert.equal(buildPath('repository-load', { model: 'm', version: '12' }), '/v2/repository/models/m/load');
  });

  it('carry any character of a name, percent-encoded', () => {
    assert.equal(buildPath('model', { model: 'a b..ü:%$&' }), '/v2/models/a%20b..%C3%BC%3A%25%24%26');
    assert.equal(buildPath('model', { model: 'm', version: '1/2' }), '/v2/models/m/versions/1%2F2');
  });

  for (const model of ['../etc', '..', '.', 'a/b', 'a\\b', 'a\0b']) {
    it(`refuse the model name ${JSON.stringify(model)} as a traversal`, () => {
      assert.throws(() => buildPath('repository-load', { model }), {
        code: 'INVALID_INPUT',
        message: /model name must not contain path traversal characters/,
      });
    });
  }

  for (const model of ['', ' ']) {
    it(`refuse the blank model name '${model}'`, () => {
      assert.throws(() => buildPath('model', { model }), { code: 'INVALID_INPUT', message: /blank/ });
    });
  }

  it('keep dots inside a name', () => {
    for (const model of ['a..b', '.x', 'x.', '...']) assert.equal(buildPath('model', { model }), `/v2/models/${model}`);
  });
});
