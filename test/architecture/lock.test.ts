import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';

interface Locked {
  readonly hasInstallScript?: boolean;
  readonly os?: readonly string[];
}

it('the lock file names no package whose install script npm would run: node tools/supply/lock.js takes them out', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
  const scripted = Object.entries(packages).filter(([path, { hasInstallScript }]) => path !== '' && hasInstallScript);
  assert.deepEqual(scripted, []);
  assert.deepEqual(packages['node_modules/cpu-features']?.os, ['none'], 'npm compiles this one without a script');
});
