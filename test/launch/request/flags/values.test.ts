import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDevice } from '../../../../src/launch/request/flags/devices.js';
import { parseEnv, parseEnvFile } from '../../../../src/launch/request/flags/env.js';
import { parseGpus } from '../../../../src/launch/request/flags/gpus.js';
import {
  parseName,
  parsePair,
  parsePlatform,
  parseRestart,
  parseTmpfs,
  parseUlimit,
} from '../../../../src/launch/request/flags/policies.js';
import { parseBytes, parseCount, parseCpus, parseDuration } from '../../../../src/launch/request/flags/sizes.js';

describe('--device', () => {
  it('reads paths, modes and CDI names', () => {
    const path = (host: string, container: string, permissions: string) => ({
      kind: 'path',
      host,
      container,
      permissions,
    });
    assert.deepEqual(parseDevice('/dev/video0'), path('/dev/video0', '/dev/video0', 'rwm'));
    assert.deepEqual(parseDevice('/dev/video0:rw'), path('/dev/video0', '/dev/video0', 'rw'));
    assert.deepEqual(parseDevice('/dev/video2:/dev/video0'), path('/dev/video2', '/dev/video0', 'rwm'));
    assert.deepEqual(parseDevice('/dev/video2:/dev/video0:r'), path('/dev/video2', '/dev/video0', 'r'));
    assert.deepEqual(parseDevice('nvidia.com/gpu=all'), { kind: 'cdi', name: 'nvidia.com/gpu=all' });
    assert.deepEqual(parseDevice('nvidia.com/gpu=1:0'), { kind: 'cdi', name: 'nvidia.com/gpu=1:0' });
  });

  it('refuses what is neither', () => {
    assert.throws(() => parseDevice('video0'), /expected a path such as \/dev\/video0 or a CDI name/);
    assert.throws(() => parseDevice('/dev/video0:/dev/video0:rx'), /mode rx/);
    assert.throws(() => parseDevice('/dev/video0:video0'), /expected host path/);
  });
});

describe('--gpus', () => {
  const ids = (...names: string[]) => ({ kind: 'ids', ids: names });
  const selections: readonly (readonly [string, object])[] = [
    ['all', { kind: 'all' }],
    ['2', { kind: 'count', count: 2 }],
    ['count=2', { kind: 'count', count: 2 }],
    ['device=0', ids('0')],
    ['device=0,2', ids('0', '2')],
    ['"device=0,2"', ids('0', '2')],
    [`'"device=0,2"'`, ids('0', '2')],
    ['device=GPU-5fd4f6ab-0000-4000-8000-000000000001', ids('GPU-5fd4f6ab-0000-4000-8000-000000000001')],
    ['device=MIG-aa00-11', ids('MIG-aa00-11')],
    ['device=MIG-GPU-aaaa/1/0,MIG-GPU-aaaa/2/0', ids('MIG-GPU-aaaa/1/0', 'MIG-GPU-aaaa/2/0')],
    ['device=1:0', ids('1:0')],
    ['device=all', { kind: 'all' }],
    ['capabilities=utility', { kind: 'count', count: 1 }],
  ];
  for (const [text, expected] of selections) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseGpus(text).selection, expected);
    });
  }

  it('keeps capabilities, driver and options', () => {
    const request = parseGpus('all,"capabilities=utility,video",driver=nvidia,"options=a=b"');
    assert.deepEqual(request.capabilities, ['utility', 'video']);
    assert.equal(request.driver, 'nvidia');
    assert.deepEqual(request.options, { a: 'b' });
  });

  it('refuses mistakes with what to type', () => {
    assert.throws(() => parseGpus('0'), /--variant cpu; the GPU with index 0 is --gpus device=0/);
    assert.throws(() => parseGpus('GPU-5fd4'), /type --gpus device=GPU-5fd4/);
    assert.throws(() => parseGpus('any'), /expected all, a count such as 2, or device=0,1/);
    assert.throws(() => parseGpus('2,device=0'), /either a count or devices/);
    assert.throws(() => parseGpus('device=x'), /see nvidia-smi -L/);
    assert.throws(() => parseGpus('devices=0'), /unknown key devices/);
  });
});

describe('variables', () => {
  it('take the client value where a flag names none, and nothing where the client has none', () => {
    assert.deepEqual(parseEnv('A=b=c', {}), { A: 'b=c' });
    assert.deepEqual(parseEnv('A=', {}), { A: '' });
    assert.deepEqual(parseEnv('A', { A: 'mine' }), { A: 'mine' });
    assert.deepEqual(parseEnv('A', {}), {});
    assert.throws(() => parseEnv('A B=c', {}), /not a variable name/);
  });

  it('come from a file line by line, comments left out and quotes kept', () => {
    const text = '\uFEFF# note\nA=1\r\n\n  B="two words"\nC\n';
    assert.deepEqual(parseEnvFile(text, 'x.env', { C: '3' }), { A: '1', B: '"two words"', C: '3' });
    assert.throws(() => parseEnvFile('A=1\nexport B=2', 'x.env', {}), /x\.env line 2/);
  });
});

describe('sizes and policies', () => {
  it('read docker units', () => {
    assert.equal(parseBytes('-m', '512m'), 536_870_912);
    assert.equal(parseBytes('-m', '1.5GiB'), 1_610_612_736);
    assert.equal(parseBytes('-m', '1024'), 1024);
    assert.equal(parseBytes('-m', '7b'), 7);
    assert.equal(parseCpus('--cpus', '1.5'), 1_500_000_000);
    assert.equal(parseDuration('--timeout', '90'), 90_000);
    assert.equal(parseDuration('--timeout', '2m'), 120_000);
    assert.equal(parseCount('--pids-limit', '-1', -1), -1);
    assert.throws(() => parseBytes('-m', '5x'), /expected a size such as 512m/);
    assert.throws(() => parseCpus('--cpus', '0'), /number of CPUs/);
    assert.throws(() => parseDuration('--timeout', 'soon'), /90s or 2m/);
    assert.throws(() => parseCount('--tail', 'x'), /whole number/);
  });

  it('read restart policies, pairs, limits, names and platforms', () => {
    assert.deepEqual(parseRestart('on-failure:3'), { name: 'on-failure', maximumRetries: 3 });
    assert.deepEqual(parseRestart('unless-stopped'), { name: 'unless-stopped', maximumRetries: 0 });
    assert.throws(() => parseRestart('sometimes'), /expected no, always/);
    assert.deepEqual(parsePair('--label', 'team'), { team: '' });
    assert.deepEqual(parsePair('--log-opt', 'max-size=5m'), { 'max-size': '5m' });
    assert.throws(() => parsePair('--log-opt', 'max-size'), /expected name=value/);
    assert.deepEqual(parseUlimit('memlock=-1'), { name: 'memlock', soft: -1, hard: -1 });
    assert.throws(() => parseUlimit('memlock'), /memlock=-1/);
    assert.deepEqual(parseTmpfs('/run:size=1m'), { '/run': 'size=1m' });
    assert.throws(() => parseTmpfs('run'), /absolute/);
    assert.throws(() => parseName('a b'), /expected two or more/);
    assert.throws(() => parsePlatform('Linux AMD'), /linux\/amd64/);
  });
});
