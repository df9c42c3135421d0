import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatOrigin, isSamePlace, parseAuthority, parseOrigin } from '../../../src/server/settings/authority.js';
import { createNameCheck, type NameCheck, parseSearchDomains } from '../../../src/server/access/known-names.js';

const own = {
  hostName: 'Gpu1',
  searchDomains: ['models.svc.cluster.example', 'svc.cluster.example', 'lab.example.org'],
};

function knows(check: NameCheck, text: string): boolean {
  const target = parseAuthority(text);
  assert.ok(target, `${text} can be read`);
  return check(target);
}

describe('the names of a server', () => {
  it('knows addresses, loopback names, service names, private suffixes, its own name and its own cluster', () => {
    const check = createNameCheck(own, []);
    for (const text of [
      'localhost',
      'LocalHost:8000',
      'localhost.:8000',
      'a.b.localhost',
      '127.0.0.1:8000',
      '192.168.1.4',
      '[::1]:8000',
      '[FE80::1%25eth0]:1',
      '[::ffff:127.0.0.1]',
      'slipway:8080',
      'my_service:1',
      'project-slipway-1',
      'slipway.project_default:8000',
      'box.local',
      'host.docker.internal',
      'x.home.arpa',
      'gpu1',
      'GPU1.lab.example.org:8000',
      'slipway.default',
      'slipway.other.svc',
      'slipway.other.svc.cluster.local',
      'slipway.models',
      'slipway.other.svc.cluster.example',
      'pod-0.slipway.models.svc.cluster.example',
    ]) {
      // prettier-ignore
      assert.equal(knows(check, text), true, text);
    }
  });

  it('does not know names that anyone may register, however they begin or end', () => {
    const check = createNameCheck(own, []);
    for (const text of [
      'evil.example',
      'evil.example:8000',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'evillocalhost.example',
      'svc.evil.example',
      'gpu1.evil.example',
      'evil.lab.example.org',
      'lab.example.org',
      'gpu1.lab.example.org.evil.example',
      'a_b.example',
      'xn--lcalhost-n1a.example',
      '127.0.0.1.nip.io',
      'slipway.ml',
      'evil.cluster.example',
      '0x7f.0.0.1',
      '1.2.3',
      '999.1.1.1',
    ]) {
      // prettier-ignore
      assert.equal(knows(check, text), false, text);
    }
  });

  it('knows what it is told: a name, all below one, or all', () => {
    const check = createNameCheck(own, ['Models.Example.com', '*.example.net']);
    assert.equal(knows(check, 'models.example.com:443'), true);
    assert.equal(knows(check, 'x.models.example.com'), false);
    assert.equal(knows(check, 'a.b.example.net'), true);
    assert.equal(knows(check, 'example.net'), false);
    assert.equal(knows(check, 'evilexample.net'), false);
    assert.equal(knows(createNameCheck(own, ['*']), 'evil.example'), true);
  });

  it('takes no namespace as short as a country’s domain for its own', () => {
    const check = createNameCheck({ hostName: 'pod', searchDomains: ['ml.svc.cluster.local'] }, []);
    assert.equal(knows(check, 'evil.ml'), false);
    assert.equal(knows(check, 'slipway.ml.svc.cluster.local'), true);
  });

  it('reads no name out of what is none', () => {
    for (const text of [
      '',
      ' ',
      ':80',
      'a:b',
      'a:123456',
      'a:65536',
      'a b',
      'a/b',
      'user@a',
      'a?b',
      'a#b',
      '[::1',
      '::1',
      '[1.2.3.4]',
      '[]',
      'a..b',
      '.a',
      '-a',
      'a-',
      'a\u0000b',
      'lo\u0441alhost',
      'a%2eb',
      'a,b',
      'x'.repeat(64),
      `${'a.'.repeat(127)}aa`,
      'localhost..',
      '[::1]x',
      '[::1]:x',
      '[%25lo]',
    ]) {
      // prettier-ignore
      assert.equal(parseAuthority(text), undefined, JSON.stringify(text));
    }
  });

  it('reads the last search list of a resolver', () => {
    assert.deepEqual(parseSearchDomains('domain a\nnameserver 1.1.1.1\n search b.c  d \n#search e\n'), ['b.c', 'd']);
    assert.deepEqual(parseSearchDomains('nameserver 1.1.1.1\nsearch .\n'), []);
  });
});

describe('an origin', () => {
  const same = (origin: string, host: string): boolean => {
    const [from, target] = [parseOrigin(origin), parseAuthority(host)];
    return from !== undefined && target !== undefined && isSamePlace(from, target);
  };

  it('is the server’s own with the same name and port, a port left out being the scheme’s', () => {
    assert.equal(same('http://localhost:8000', 'LOCALHOST:8000'), true);
    assert.equal(same('http://[::1]:8000', '[::1]:8000'), true);
    assert.equal(same('http://a', 'a:80'), true);
    assert.equal(same('https://a', 'a:443'), true);
    assert.equal(same('https://a', 'a'), true);
    assert.equal(same('http://a:80', 'a'), true);
  });

  it('is another with another port, name or scheme, and no origin at all where it cannot be read', () => {
    for (const [origin, host] of [
      ['http://localhost:3000', 'localhost:8000'],
      ['http://localhost', 'localhost:8000'],
      ['http://127.0.0.1:8000', 'localhost:8000'],
      ['http://a.localhost:8000', 'localhost:8000'],
      ['https://a', 'a:80'],
      ['file://', 'localhost'],
      ['chrome-extension://localhost:8000', 'localhost:8000'],
      ['null', 'null'],
      ['http://localhost:8000, http://localhost:8000', 'localhost:8000'],
      ['http://localhost:8000/', 'localhost:8000'],
      ['http://user@localhost:8000', 'localhost:8000'],
      ['', 'localhost'],
    ] as const) {
      assert.equal(same(origin, host), false, `${origin} at ${host}`);
    }
  });

  it('is written in one form', () => {
    const written = ['HTTPS://App.Example.com:443', 'http://[::1]:80', 'http://a:8080'].map((text) => {
      const origin = parseOrigin(text);
      return origin && formatOrigin(origin);
    });
    assert.deepEqual(written, ['https://app.example.com', 'http://[::1]', 'http://a:8080']);
  });
});
