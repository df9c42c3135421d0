import assert from 'node:assert/strict';
import { it } from 'node:test';
import { whyNotServed } from '../../../src/repository/files/model-folder.js';

it('a version that is not served is told of model.json only where that says which are', () => {
  assert.equal(whyNotServed([2, 7]), 'model.json says "versions": [2,7]');
  assert.equal(whyNotServed('latest'), 'model.json says "versions": "latest"');
  assert.match(
    whyNotServed(undefined),
    /^only the highest version is, unless model\.json has "versions": "all" or a list$/,
  );
});
