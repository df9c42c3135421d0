import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';

/** A checkout of one module, without packages. */
async function makeCheckout(context: TestContext, name = 'checkout'): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'slipway-')));
  await chmod(folder, 0o755);
  const checkout = join(folder, name);
  context.after(async () => {
    await chmod(checkout, 0o755);
    await rm(folder, { recursive: true });
  });
  for (const room of ['bin', 'tools', 'src']) await mkdir(join(checkout, room), { recursive: true });
  for (const file of ['bin/prepare.js', 'tools/build.js']) await cp(file, join(checkout, file));
  const files = {
    'package.json': '{"type":"module"}',
    'package-lock.json': '{}',
    'src/one.ts': 'export const one: number = 1;',
  };
  for (const [file, text] of Object.entries(files)) await writeFile(join(checkout, file), text);
  return checkout;
}

function prepare(checkout: string, user: { uid?: number; gid?: number } = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(checkout, 'bin/prepare.js')], { ...user, cwd: checkout, encoding: 'utf8' });
}

describe('a checkout that has to be built', () => {
  it('is told with the command for its owner where the user may not write it', async (context) => {
    const checkout = await makeCheckout(context);
    await chmod(checkout, 0o555);
    const other = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}; // root may write it
    const { status, stderr, error } = prepare(checkout, other);
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

  it('is told with what installs its packages where there are none', async (context) => {
    const checkout = await makeCheckout(context);
    const { status, stderr } = prepare(checkout);
    const advice = 'has to be built, and its packages are not installed. Run there: npm ci';
    assert.deepEqual([status, stderr], [1, `slipway: The checkout ${checkout}/ ${advice}\n`]);
  });

  for (const name of ['plain', 'sp ace', 'quo"te', "apos'trophe", 'question?', 'st*r', 'h#sh', '100%41', '[é]{a,b}']) {
    it(`is built in a folder named ${name}`, async (context) => {
      const checkout = await makeCheckout(context, name);
      await mkdir(join(checkout, 'src/server'));
      await writeFile(join(checkout, 'src/server/main.ts'), "import { one } from '../one.js'; console.log(one);");
      await symlink(join(process.cwd(), 'node_modules'), join(checkout, 'node_modules'));
      const { status, stderr } = prepare(checkout);
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(await readFile(join(checkout, 'dist/src/one.js'), 'utf8'), /^const one = 1;/);
      const main = join(checkout, 'dist/src/server/main.js');
      assert.equal(await readFile(main, 'utf8'), "import '../../joined/server-main/main.js';\n");
      assert.equal(spawnSync(process.execPath, [main], { encoding: 'utf8' }).stdout, '1\n');
    });
  }
});
