import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { Doors, type Management } from '../../../src/server/access/doors.js';
import { KeyRing, parseKeys } from '../../../src/server/access/keys.js';
import { TokenBuckets } from '../../../src/server/access/token-buckets.js';

const hex = createHash('sha256').update('hashed key').digest('hex');
const hashedOf = (key: string) => createHash('sha256').update(key).digest('hex');
const ring = new KeyRing(
  parseKeys(
    `first-key\n# a comment\n\n  second#key  # trailing\r\nann:admin:top:secret\nbob:predict:sha256:${hashedOf('hidden').toUpperCase()}\n`,
  ),
);
const doorsOf = (management: Management, keys = ring, rate = new TokenBuckets(Infinity, () => 0)) =>
  new Doors({ keys, rate, management });

describe('keys', () => {
  it('are read one per line, with a name and a role or without, as they are or as a digest', () => {
    assert.equal(ring.find('first-key')?.name, 'key-1');
    assert.deepEqual([ring.find('second#key')?.name, ring.find('second#key')?.role], ['key-4', 'predict']);
    assert.deepEqual([ring.find('top:secret')?.name, ring.find('top:secret')?.role], ['ann', 'admin']);
    assert.equal(ring.find('hidden')?.name, 'bob');
    for (const wrong of [
      '',
      'first-ke',
      'first-key2',
      'ann:admin:top:secret',
      hashedOf('hidden'),
      'sha256:',
      '# a comment',
    ]) {
      assert.equal(ring.find(wrong), undefined, wrong);
    }
    assert.equal(ring.hasAdmin, true);
  });

  it('may begin with a byte order mark and have lines of any system', () => {
    const ofWindows = new KeyRing(parseKeys('\ufefffirst\r\nann:admin:sécret\r\n'));
    assert.deepEqual([ofWindows.find('first')?.name, ofWindows.find('sécret')?.role], ['key-1', 'admin']);
    const inUtf16 = Buffer.from('\ufeffbob:predict:hidden\n', 'utf16le').toString();
    assert.throws(() => parseKeys(inUtf16), { code: 'USAGE', message: /Line 1 of the keys is invalid/ });
  });

  it('are refused with the line’s number, never its text, where a role or a digest is mistyped or a key comes twice', () => {
    for (const text of [
      'ok\nvery\0secret',
      `ok\n${Buffer.from([0xff, 0xfe, 0x80]).toString()}secret`,
      'ok\nann:admin:very-secret\u2026',
      'ok\nann:Admin:very-secret',
      'ok\nann:root:very-secret',
      'ok\n:admin:very-secret',
      'ok\nann:admin:',
      'ok\nann:admin:very secret',
      'ok\nvery secret',
      'ok\nann:admin:sha256:very-secret',
      `ok\nann:admin:sha256:${hex}0`,
      `ok\n\u202eann:admin:very-secret`,
    ]) {
      assert.throws(
        () => parseKeys(text),
        (error: Error) => /^Line 2 of the keys/.test(error.message) && !error.message.includes('very'),
        text,
      );
    }
    assert.throws(() => parseKeys('a:admin:same\nsame'), /'a' and 'key-2' are the same/);
    assert.throws(() => parseKeys(`b:predict:x\nc:admin:sha256:${hashedOf('x')}`), /'b' and 'c' are the same/);
  });
});

describe('the doors', () => {
  it('open to a key as bearer token or as x-api-key, and say whose it is', () => {
    const doors = doorsOf('keys');
    assert.deepEqual(doors.admit({ authorization: 'Bearer first-key' }), { keyName: 'key-1', role: 'predict' });
    assert.deepEqual(doors.admit({ authorization: 'bearer  second#key' }), { keyName: 'key-4', role: 'predict' });
    assert.deepEqual(doors.admit({ apiKey: 'top:secret' }), { keyName: 'ann', role: 'admin' });
  });

  it('stay shut to no key, another key, part of a key, several keys, and a key that was taken away', () => {
    const keys = new KeyRing(parseKeys('first-key'));
    const doors = doorsOf('open', keys);
    for (const shown of [
      {},
      { authorization: 'Basic first-key' },
      { authorization: 'Bearer first-ke' },
      { authorization: 'first-key' },
      { apiKey: 'first-key2' },
      { apiKey: '' },
      { apiKey: ['first-key', 'first-key'] },
      { authorization: 'Bearer wrong', apiKey: 'first-key' },
    ]) {
      assert.throws(() => doors.admit(shown), { code: 'UNAUTHORIZED' }, JSON.stringify(shown));
    }
    keys.replace(parseKeys('another-key'));
    assert.throws(() => doors.admit({ apiKey: 'first-key' }), { code: 'UNAUTHORIZED' });
    assert.equal(doors.admit({ apiKey: 'another-key' }).keyName, 'key-1');
  });

  it('let admin keys manage, and everyone where that was asked for and no keys are', () => {
    const none = new KeyRing([]);
    const manages = (management: Management, keys: KeyRing, apiKey?: string): boolean => {
      const doors = doorsOf(management, keys);
      try {
        doors.checkManagement(doors.admit({ apiKey }));
        return true;
      } catch (thrown) {
        assert.equal((thrown as { code?: string }).code, 'FORBIDDEN');
        assert.match((thrown as Error).message, /--management|role admin/);
        return false;
      }
    };
    assert.equal(manages('keys', none), false);
    assert.equal(manages('open', none), true);
    assert.equal(manages('elsewhere', none), false);
    assert.equal(manages('keys', ring, 'top:secret'), true);
    assert.equal(manages('open', ring, 'first-key'), false);
    assert.equal(manages('keys', ring, 'hidden'), false);
    assert.equal(manages('elsewhere', ring, 'top:secret'), false);
  });

  it('slow a key down that asks too often, and no other', () => {
    let nowMs = 1000;
    const doors = doorsOf('keys', ring, new TokenBuckets(2, () => nowMs));
    const ask = (apiKey: string): number => {
      try {
        doors.admit({ apiKey });
        return 0;
      } catch (thrown) {
        assert.equal((thrown as { code?: string }).code, 'RATE_LIMITED');
        return (thrown as { details: { retryAfterMs: number } }).details.retryAfterMs;
      }
    };
    assert.deepEqual([ask('first-key'), ask('first-key'), ask('first-key')], [0, 0, 500]);
    assert.equal(ask('hidden'), 0);
    nowMs += 250;
    assert.equal(ask('first-key'), 250);
    nowMs += 250;
    assert.deepEqual([ask('first-key'), ask('first-key')], [0, 500]);
    nowMs += 3_600_000;
    assert.deepEqual([ask('first-key'), ask('first-key'), ask('first-key')], [0, 0, 500]);
  });

  it('let a key ask once where less than one request a second is allowed', () => {
    let nowMs = 0;
    const buckets = new TokenBuckets(0.5, () => nowMs);
    assert.deepEqual([buckets.take('a'), buckets.take('a')], [0, 2000]);
    nowMs = 2000;
    assert.equal(buckets.take('a'), 0);
  });
});
