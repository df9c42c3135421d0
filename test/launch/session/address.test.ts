import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDetails } from '../../../src/launch/docker/api/container-mapping.js';
import { doCollide, findAddress, findUrl, type HostPort } from '../../../src/launch/session/address.js';

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

describe('where a container is reached', () => {
  const details = (config: object, mode = 'bridge') =>
    parseDetails({
      Config: config,
      HostConfig: { NetworkMode: mode },
      NetworkSettings: {
        Ports: {
          '8000/tcp': [{ HostIp: '0.0.0.0', HostPort: '9000' }],
          '8001/tcp': [{ HostIp: '127.0.0.1', HostPort: '9001' }],
          '8002/tcp': null,
        },
      },
    });

  it('is https where its variables or its arguments name a certificate', () => {
    const urlOf = (config: object) => findUrl(details(config), 8000, undefined);
    assert.deepEqual(urlOf({}), { url: 'http://127.0.0.1:9000' });
    for (const config of [
      { Env: ['SLIPWAY_TLS_CERT=/tls/a=b.pem'] },
      { Cmd: ['--tls-cert', '/tls/cert.pem'] },
      { Cmd: ['--tls-cert=/tls/cert.pem'] },
    ]) {
      assert.deepEqual(urlOf(config), { url: 'https://127.0.0.1:9000' });
    }
    assert.deepEqual(urlOf({ Env: ['SLIPWAY_TLS_CERT='] }), { url: 'http://127.0.0.1:9000' });
  });

  it('is told for each port, or why it cannot be reached', () => {
    const at = (port: number, remoteHost?: string) => findAddress(details({}), port, remoteHost);
    assert.deepEqual(at(8001), { address: '127.0.0.1:9001' });
    assert.deepEqual(at(8000, 'box.example'), { address: 'box.example:9000' });
    assert.match(JSON.stringify(at(8001, 'box.example')), /ssh -L 9001:127\.0\.0\.1:9001 box\.example/);
    assert.match(JSON.stringify(at(8002)), /no port is published; -p publishes one/);
    const closed = (mode: string) => findAddress(parseDetails({ HostConfig: { NetworkMode: mode } }), 8000, undefined);
    assert.deepEqual(closed('none'), { reason: 'nothing reaches a container with --network none' });
    assert.deepEqual(closed('container:abc'), {
      reason: 'it has the network of another container, which publishes its ports',
    });
  });

  it('is its own address on the host network, as its flag or else its variable says', () => {
    const at = (config: object, remoteHost?: string) => findAddress(details(config, 'host'), 8001, remoteHost);
    assert.deepEqual(at({}), { address: '127.0.0.1:8001' });
    assert.deepEqual(at({ Env: ['SLIPWAY_HOST=0.0.0.0'] }), { address: '127.0.0.1:8001' });
    assert.deepEqual(at({ Env: ['SLIPWAY_HOST=0.0.0.0'], Cmd: ['--host', '127.0.0.2'] }), {
      address: '127.0.0.2:8001',
    });
    assert.deepEqual(at({ Cmd: ['--host=::1'] }), { address: '[::1]:8001' });
    assert.deepEqual(at({ Env: ['SLIPWAY_HOST=0.0.0.0'] }, 'box.example'), { address: 'box.example:8001' });
    assert.match(
      JSON.stringify(at({}, 'box.example')),
      /127\.0\.0\.1:8001 of box\.example alone; reach it by ssh -L 8001/,
    );
  });
});
