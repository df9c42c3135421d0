import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findDigest } from '../../../src/launch/docker/image-identity.js';

const [one, two] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];

describe('the identity of an image', () => {
  it('is the digest in the repository that was asked for', () => {
    const digests = [`registry.example:5000/team/slipway@${one}`, `slipway@${two}`];
    assert.equal(findDigest('registry.example:5000/team/slipway:cpu', digests), digests[0]);
    assert.equal(findDigest('slipway:cpu', digests), digests[1]);
  });

  it('is that of another repository where the image was tagged anew, and none where it was never in one', () => {
    assert.equal(findDigest('mine:latest', [`slipway@${two}`]), `slipway@${two}`);
    assert.equal(findDigest('slipway:cpu', []), undefined);
  });
});
