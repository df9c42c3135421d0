import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

/** Licences that let anybody use, change and pass on (SPDX). */
const permissive =
  /^(?:MIT|MIT-0|ISC|0BSD|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|Unlicense|BlueOak-1\.0\.0|CC0-1\.0|Python-2\.0|LGPL-3\.0-or-later)$/;

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly scope: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly { readonly expression: string }[];
}

function run(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
}

function components(): readonly Component[] {
  const { status, stdout } = run('tools/sbom.js');
  assert.equal(status, 0);
  return (JSON.parse(stdout) as { components: readonly Component[] }).components;
}

describe('what the server is made of', () => {
  it('stands in NOTICE with every licence, as it is now', () => {
    const { status, stderr } = run('tools/supply/notice.js', '--check');
    assert.equal(status, 0, stderr);
  });

  it('is listed with versions and hashes, every direct dependency among it and nothing for development', async () => {
    const { dependencies, devDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const listed = new Map(components().map((each) => [each.name, each]));
    for (const [name, version] of Object.entries(dependencies ?? {}))
      assert.equal(listed.get(name)?.version, version, name);
    for (const name of ['typescript', 'eslint', 'fast-check']) {
      assert.ok(devDependencies?.[name] !== undefined);
      assert.equal(listed.has(name), false, name);
    }
    for (const { name, purl, hashes } of listed.values()) {
      assert.match(purl, /^pkg:npm\/(?:%40[\w.-]+\/)?[\w.-]+@\d/, name);
      assert.match(hashes[0]?.content ?? '', /^[0-9a-f]{40,128}$/, name);
    }
  });

  it('is under licences that let anybody use it', () => {
    for (const { name, licenses } of components()) {
      const expression = licenses?.[0]?.expression ?? '';
      const parts = expression.replace(/[()]/g, '').split(/ (?:AND|OR) /);
      assert.ok(parts.length > 0 && parts.every((part) => permissive.test(part)), `${name}: ${expression}`);
    }
  });
});

describe('the promises of SECURITY.md', () => {
  it('are each shown by tests that are there', async () => {
    const rows = (await readFile('SECURITY.md', 'utf8')).split('\n').filter((line) => /^\|.*`test\//.test(line));
    assert.ok(rows.length >= 10, `${rows.length} promises`);
    const tests = rows.flatMap((row) => [...row.matchAll(/`(test\/[^`]+)`/g)].map((match) => match[1] ?? ''));
    assert.deepEqual(
      tests.filter((path) => !existsSync(path)),
      [],
    );
  });
});
