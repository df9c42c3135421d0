import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { doCollide, type HostPort } from '../../../src/launch/session/address.js';

const at = (hostIp: string, port = 8000, protocol = 'tcp'): HostPort => ({ hostIp, port, protocol });

describe('published ports', () => {
  const pairs: readonly (readonly [string, string, boolean])[] = [
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '10.0.0.5', false],
    ['127.0.0.1', '127.0.0.2', false],
    ['127.0.0.1', '0.0.0.0', true],
    ['0.0.0.0', '10.0.0.5', true],
    ['::1', '127.0.0.1', false],
    ['::', '::1', true],
    ['::', '127.0.0.1', false],
    ['0.0.0.0', '::', false],
    ['', '::1', true],
    ['', '127.0.0.1', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['[::1]', '::1', true],
    ['fe80::1%eth0', 'fe80::1', false],
    ['localhost', '127.0.0.1', true],
  ];
  for (const [one, other, expected] of pairs) {
    it(`of ${one || 'every address'} and ${other} ${expected ? 'collide' : 'do not collide'}, either way round`, () => {
      assert.equal(doCollide(at(one), at(other)), expected);
      assert.equal(doCollide(at(other), at(one)), expected);
      assert.equal(doCollide(at(one), at(other, 8001)), false);
      assert.equal(doCollide(at(one), at(other, 8000, 'udp')), false);
    });
  }
});
