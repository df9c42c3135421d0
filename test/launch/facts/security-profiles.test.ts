import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readSecurityProfiles } from '../../../src/launch/facts/security-profiles.js';
import { temporaryFolder } from '../../support/folder.js';

describe('seccomp profiles', () => {
  it('go to the engine as their text, whatever stands beside them', async () => {
    const folder = temporaryFolder('profiles-');
    await writeFile(join(folder, 'a b.json'), '{\r\n  "defaultAction": "SCMP_ACT_ALLOW"\r\n}\r\n');
    const text = 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}';
    const others = ['no-new-privileges', 'label=disable', 'seccomp=unconfined', 'seccomp=builtin', 'apparmor=a.json'];
    for (const name of ['seccomp=a b.json', 'seccomp:./a b.json', `seccomp=${join(folder, 'a b.json')}`]) {
      assert.deepEqual(await readSecurityProfiles([...others, name], { cwd: folder, asFile: false }), { [name]: text });
    }
    assert.deepEqual(await readSecurityProfiles([], { cwd: folder, asFile: false }), {});
  });

  it('go to Podman as whole paths, for it reads them in the folder of its service', async () => {
    const folder = temporaryFolder('profiles-');
    await writeFile(join(folder, 'a b.json'), '{}');
    const whole = `seccomp=${join(folder, 'a b.json')}`;
    for (const name of ['seccomp=a b.json', 'seccomp:./a b.json', whole])
      assert.deepEqual(await readSecurityProfiles([name], { cwd: folder, asFile: true }), { [name]: whole });
  });

  it('are refused by name where they cannot be read, or are no JSON', async () => {
    const folder = temporaryFolder('profiles-');
    await writeFile(join(folder, 'text.json'), 'allow everything');
    for (const option of ['seccomp=missing.json', 'seccomp=text.json', 'seccomp=', 'seccomp=.']) {
      await assert.rejects(
        readSecurityProfiles([option], { cwd: folder, asFile: true }),
        (thrown: Error & { code?: string }) => {
          assert.equal(thrown.code, 'USAGE');
          return thrown.message.startsWith(`--security-opt ${option}: `);
        },
      );
    }
  });
});
