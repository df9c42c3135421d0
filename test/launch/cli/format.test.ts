import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSignal } from '../../../src/launch/commands/servers/kill.js';
import { formatBytes, formatDuration, formatPorts } from '../../../src/launch/cli/format.js';
import { parseCount } from '../../../src/launch/request/flags/sizes.js';
import { parseTime } from '../../../src/launch/text/time.js';
import { isOwnImage } from '../../../src/launch/images/find.js';

describe('what everyday commands print', () => {
  it('shows sizes in powers of 1000 with three digits', () => {
    assert.deepEqual([0, 999, 1000, 1536, 125_866_559, 25_276_510_208].map(formatBytes), [
      '0 B',
      '999 B',
      '1 kB',
      '1.54 kB',
      '126 MB',
      '25.3 GB',
    ]);
  });

  it('shows the two largest units of a duration', () => {
    assert.deepEqual([-5, 900, 61_000, 3_600_000, 90_061_000].map(formatDuration), [
      '0 s',
      '0 s',
      '1 min 1 s',
      '1 h',
      '1 d 1 h',
    ]);
  });

  it('shows published ports, the IPv6 twin left out', () => {
    const port = { containerPort: 8000, protocol: 'tcp', hostPort: 80 };
    const twins = [
      { ...port, hostIp: '0.0.0.0' },
      { ...port, hostIp: '::' },
    ];
    assert.equal(formatPorts(twins), '0.0.0.0:80->8000');
    assert.equal(formatPorts([{ ...port, hostIp: '::1', protocol: 'udp' }]), '[::1]:80->8000/udp');
    assert.equal(formatPorts([{ containerPort: 1, protocol: 'tcp' }]), '-');
  });
});

describe('what everyday commands are told', () => {
  it('reads a moment as a duration back from now, a date or seconds', () => {
    const nowMs = 10_000_000;
    assert.equal(parseTime('--since', '90s', nowMs), 9910);
    assert.equal(parseTime('--since', '1h30m', nowMs), 10_000 - 5400);
    assert.equal(parseTime('--since', '12.5', nowMs), 12.5);
    assert.equal(parseTime('--since', '1970-01-01T00:01:00Z', nowMs), 60);
    for (const text of ['', 'yesterday', '5 m', '10x']) {
      assert.throws(() => parseTime('--since', text, nowMs), /--since is ".*"\. Expected a duration/);
    }
  });

  it('reads a count, and a signal by name or number', () => {
    assert.equal(parseCount('--tail', '12'), 12);
    for (const text of ['-1', '1.5', 'x', '', '9007199254740993']) {
      assert.throws(() => parseCount('--tail', text), /whole number/);
    }
    assert.deepEqual(['SIGTERM', 'hup', '9'].map(parseSignal), ['SIGTERM', 'SIGHUP', 'SIGKILL']);
    assert.throws(() => parseSignal('SIGWRONG'), /Expected a signal/);
  });

  it('takes an image for its own by label or by name', () => {
    assert.equal(isOwnImage({ labels: { 'slipway.variant': 'cpu' }, tags: [] }), true);
    assert.equal(isOwnImage({ labels: {}, tags: ['slipway:cpu'] }), true);
    assert.equal(isOwnImage({ labels: {}, tags: ['debian:slim', 'other/slipway:cpu'] }), false);
  });
});
