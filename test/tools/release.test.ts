import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, describe, it } from 'node:test';
import { temporaryFolder } from '../support/folder.js';

const script = resolve('tools/release.js');
const files = [
  'package.json',
  'package-lock.json',
  'README.md',
  'CHANGELOG.md',
  'docker/docker-bake.hcl',
  'docker/Dockerfile.cpu',
  'docker/Dockerfile.gpu',
  'docker/Dockerfile.cuda',
];
const { version: current } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
const hasGit = spawnSync('git', ['--version']).status === 0;
const skip = hasGit ? false : 'needs git';

/** A repository of its own with the files that state a version. */
function openRepository() {
  const folder = temporaryFolder('release-');
  const run = (program: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  for (const file of files) cpSync(file, join(folder, file));
  const path = join(folder, 'CHANGELOG.md');
  writeFileSync(path, '# Changelog\n\n## Unreleased\n\n- A new thing.\n');
  run('git', 'init', '--quiet');
  run('git', 'config', 'user.name', 'Tester');
  run('git', 'config', 'user.email', 'tester@localhost');
  run('git', 'add', '.');
  run('git', 'commit', '--quiet', '--message', 'first');
  return {
    release: (...args: readonly string[]) => run(process.execPath, script, ...args),
    git: (...args: readonly string[]) => run('git', ...args).stdout.trim(),
    read: (file: string) => readFileSync(join(folder, file), 'utf8'),
    write: (file: string, text: string) => writeFileSync(join(folder, file), text),
  };
}

describe('a release', { skip }, () => {
  let repository: ReturnType<typeof openRepository>;
  before(() => {
    repository = openRepository();
  });

  it('says with --dry-run what it would do, and changes nothing', () => {
    const { status, stdout } = repository.release('99.0.0', '--dry-run', '--date', '2030-01-31');
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`^${current} -> 99\\.0\\.0, 2030-01-31\n`));
    for (const file of files) assert.ok(stdout.includes(`\n  ${file}\n`), file);
    assert.match(stdout, /tag v99\.0\.0\n\n- A new thing\.\n\nNothing was changed/);
    assert.equal(repository.git('status', '--porcelain'), '');
    assert.equal(repository.git('tag'), '');
  });

  it('refuses what is no version, no newer one, or a date that is none', () => {
    for (const [args, expected] of [
      [[], /^Usage: /],
      [['v1.0.0'], /^Usage: /],
      [['99.0'], /^Usage: /],
      [[current], /is not newer than/],
      [[`${current}-rc.1`], /is not newer than/],
      [['0.0.1'], /is not newer than/],
      [['99.0.0', '--date', 'today'], /^Usage: /],
    ] as const) {
      const { status, stderr } = repository.release(...args);
      assert.equal(status, 2, args.join(' '));
      assert.match(stderr, expected, args.join(' '));
    }
  });

  it('writes one version everywhere, in one commit with one tag', () => {
    assert.equal(repository.release('99.1.0-rc.1', '--date', '2030-01-31').status, 0);
    const lock = JSON.parse(repository.read('package-lock.json')) as {
      readonly version: string;
      readonly packages: Readonly<Record<string, { readonly version?: string }>>;
    };
    assert.equal(lock.version, '99.1.0-rc.1');
    assert.equal(lock.packages['']?.version, '99.1.0-rc.1');
    assert.match(repository.read('package.json'), /\n {2}"version": "99\.1\.0-rc\.1",\n/);
    for (const variant of ['cpu', 'gpu', 'cuda']) {
      assert.match(repository.read(`docker/Dockerfile.${variant}`), /\nARG VERSION=99\.1\.0-rc\.1\n/);
    }
    assert.match(repository.read('docker/docker-bake.hcl'), /\nvariable "VERSION" \{ default = "99\.1\.0-rc\.1" \}\n/);
    assert.match(repository.read('README.md'), / slipway-99\.1\.0-rc\.1\.tgz\n/);
    assert.match(
      repository.read('CHANGELOG.md'),
      /## Unreleased\n\n## 99\.1\.0-rc\.1 - 2030-01-31\n\n- A new thing\.\n/,
    );
    assert.equal(repository.git('log', '--format=%s', '-1'), 'Release 99.1.0-rc.1');
    assert.equal(repository.git('tag', '--points-at', 'HEAD'), 'v99.1.0-rc.1');
    assert.equal(repository.git('status', '--porcelain'), '');
  });

  it('refuses a release that says nothing to users, and one over changes that are not committed', () => {
    assert.match(repository.release('99.1.0').stderr, /CHANGELOG\.md says nothing under "Unreleased"/);
    repository.write(
      'CHANGELOG.md',
      repository.read('CHANGELOG.md').replace('## Unreleased\n', '## Unreleased\n\n- More.\n'),
    );
    assert.match(repository.release('99.1.0').stderr, /changes that are not committed/);
    repository.git('commit', '--all', '--quiet', '--message', 'more');
    assert.equal(repository.release('99.1.0', '--date', '2030-02-01').status, 0);
    assert.match(repository.read('CHANGELOG.md'), /## Unreleased\n\n## 99\.1\.0 - 2030-02-01\n\n- More\.\n/);
  });

  it('refuses to guess where a file states another version', () => {
    repository.write('docker/Dockerfile.gpu', 'ARG VERSION=3.3.3\n');
    const { status, stderr } = repository.release('99.2.0');
    assert.equal(status, 2);
    assert.match(stderr, /docker\/Dockerfile\.gpu should hold "ARG VERSION=99\.1\.0\\n" once/);
  });
});
