import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';

it('a checkout that has to be built, and that the user may not write, is told with the command for its owner', async (context) => {
  const checkout = await realpath(await mkdtemp(join(tmpdir(), 'slipway-checkout-')));
  context.after(async () => {
    await chmod(checkout, 0o755);
    await rm(checkout, { recursive: true });
  });
  await Promise.all(['bin', 'tools', 'src'].map((folder) => mkdir(join(checkout, folder))));
  for (const file of ['bin/prepare.js', 'tools/build.js']) await cp(file, join(checkout, file));
  const files = {
    'package.json': '{"type":"module"}',
    'package-lock.json': '{}',
    'src/one.ts': 'export const one = 1;',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(checkout, name), text);
  await chmod(checkout, 0o555);
  const other = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}; // root may write it
  const { status, stderr, error } = spawnSync(process.execPath, [join(checkout, 'bin/prepare.js')], {
    ...other,
    cwd: checkout,
    encoding: 'utf8',
  });
  if (error !== undefined && 'uid' in other) {
    context.skip(`another user cannot run ${process.execPath}: ${error.message}`);
    return;
  }
  assert.equal(
    stderr,
    `slipway: The checkout ${checkout}/ has to be built, and this user may not write ${checkout}. As its owner, run: node ${checkout}/tools/build.js\n`,
  );
  assert.equal(status, 1);
});
