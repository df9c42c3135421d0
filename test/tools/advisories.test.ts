import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../support/folder.js';

const script = resolve('tools/supply/advisories.js');
const advisory = { id: 'GHSA-aaaa', package: '@a/b', range: '>=1.0.0 <1.2.0', title: 'it leaks' };
const installed = {
  'node_modules/@a/b': { version: '1.1.0' },
  'node_modules/c/node_modules/@a/b': { version: '1.2.0' },
};

interface Given {
  readonly advisories: readonly object[];
  readonly packages?: object;
  /** What `npm audit --json` prints. */
  readonly audit?: object;
}

/** Runs the script on a record and a lock file of the test's. */
function check({ advisories, packages = installed, audit }: Given, ...flags: readonly string[]) {
  const folder = temporaryFolder('advisories-');
  mkdirSync(join(folder, 'tools/supply'), { recursive: true });
  writeFileSync(join(folder, 'tools/supply/advisories.json'), JSON.stringify({ recorded: '2030-01-31', advisories }));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages } }));
  const npm = join(folder, 'npm');
  writeFileSync(
    npm,
    `#!/bin/sh\n[ "$*" = "audit --json" ] && cat <<'END'\n${JSON.stringify(audit ?? {})}\nEND\nexit 1\n`,
  );
  chmodSync(npm, 0o755);
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...flags], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('the advisories', () => {
  it('have a verdict each where they hold for a package of the lock file, as it is now', () => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^\d+ advisories, recorded \d{4}-\d\d-\d\d: none holds/);
    const { advisories } = JSON.parse(readFileSync('tools/supply/advisories.json', 'utf8')) as {
      readonly advisories: readonly { readonly id: string; readonly package: string }[];
    };
    for (const { id } of advisories) assert.match(id, /^GHSA(-[2-9cfghjmpqrvwx]{4}){3}$/);
    assert.equal(new Set(advisories.map((one) => `${one.id} ${one.package}`)).size, advisories.length);
  });

  it('fail the check where one holds and has no verdict, and name the version and what to do', () => {
    const { status, stderr } = check({ advisories: [advisory] });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^GHSA-aaaa: @a\/b >=1\.0\.0 <1\.2\.0: it leaks\. Here: 1\.1\.0\. Renew it, or write a verdict/,
    );
    const packages = { 'node_modules/@a/b': { version: '1.1.0', dev: true } };
    assert.match(check({ advisories: [advisory], packages }).stderr, /Here: 1\.1\.0, for development\./);
    assert.equal(check({ advisories: [advisory], packages: { 'node_modules/b': { version: '1.1.0' } } }).status, 0);
  });

  it('count prereleases as the versions that they come before', () => {
    const packages = { 'node_modules/@a/b': { version: '1.2.0-rc.1' } };
    assert.equal(check({ advisories: [advisory], packages }).status, 1);
  });

  it('are answered by a verdict, which has to go once nothing is meant by it any more', () => {
    const judged = { ...advisory, verdict: 'It is never called.' };
    assert.equal(check({ advisories: [judged] }).status, 0);
    const packages = { 'node_modules/@a/b': { version: '1.2.0' } };
    const { status, stderr } = check({ advisories: [judged], packages });
    assert.equal(status, 1);
    assert.match(stderr, /take its verdict out/);
  });

  it('of a registry are compared as well where it is asked, and one that the record does not have fails', () => {
    const via = { url: 'https://example/advisories/GHSA-bbbb', name: '@a/b', range: '<=1.1.0', title: 'it hangs' };
    const audit = { vulnerabilities: { '@a/b': { via: [via] }, d: { via: ['@a/b'] } } };
    const { status, stderr } = check({ advisories: [], audit }, '--registry');
    assert.equal(status, 1);
    assert.match(stderr, /^GHSA-bbbb: @a\/b <=1\.1\.0: it hangs\. Here: 1\.1\.0\./);
    const judged = { ...advisory, id: 'GHSA-bbbb', verdict: 'It is never called.' };
    assert.equal(check({ advisories: [judged], audit }, '--registry').status, 0);
    assert.equal(check({ advisories: [], audit }).status, 0);
  });

  it('of a registry that offers none are said to be missing, and the record is compared alone', () => {
    const audit = { message: '405 Method Not Allowed' };
    const { status, stdout, stderr } = check({ advisories: [], audit }, '--registry');
    assert.equal(status, 0);
    assert.match(stderr, /^The registry offers no advisories \(405 Method Not Allowed\)/);
    assert.match(stdout, /^0 advisories, recorded 2030-01-31: none holds/);
  });
});
