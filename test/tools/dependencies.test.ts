import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Package;
const page = readFileSync('docs/architecture.md', 'utf8');

it('every dependency is pinned and has its reason in docs/architecture.md', () => {
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
    if (!name.startsWith('@types/')) assert.ok(page.includes(`\`${name}\``), name);
  }
});
