import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cuda13Condition } from '../../src/launch/editions.js';
import { temporaryFolder } from '../support/folder.js';

interface Compat {
  readonly folder: string;
  readonly driver: string;
  readonly compat: string;
}
interface Module {
  readonly findCompat: (options: { root: string; env: NodeJS.ProcessEnv }) => Compat | undefined;
}
const module = pathToFileURL(resolve('docker/cuda-compat.js')).href;
const { findCompat } = (await import(module)) as Module;

interface Machine {
  readonly driver?: string;
  readonly compat?: string;
  /** By minor number of the device file; undefined: another container's. */
  readonly gpus?: readonly { readonly model: string; readonly isHere?: boolean }[];
  readonly env?: NodeJS.ProcessEnv;
}

const closed = (version: string): string =>
  `NVRM version: NVIDIA UNIX x86_64 Kernel Module  ${version}  Sun May 12 06:39:15 UTC 2024\nGCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)\n`;
const open = (version: string): string =>
  `NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  ${version}  Release Build  (dvs-builder@U22)\nGCC version:  gcc version 13.3.0\n`;

/** What of the libraries comes first in a container on such a machine, whose files are those of a driver and of NVIDIA's base. */
async function first({ driver, compat = '580.95.05', gpus = [{ model: 'NVIDIA L4' }], env = {} }: Machine) {
  const root = temporaryFolder('compat-');
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  if (driver !== undefined) await put('proc/driver/nvidia/version', driver);
  for (const [minor, { model, isHere = true }] of gpus.entries()) {
    const text = `Model: \t\t ${model}\nIRQ:   \t\t 62\nGPU UUID: \t GPU-5fd4f6ab\nDevice Minor: \t ${minor}\n`;
    await put(`proc/driver/nvidia/gpus/0000:0${minor}:00.0/information`, text);
    if (isHere) await put(`dev/nvidia${minor}`, '');
  }
  await mkdir(join(root, 'usr/local/cuda/compat'), { recursive: true });
  if (compat !== '') await symlink(`libcuda.so.${compat}`, join(root, 'usr/local/cuda/compat/libcuda.so.1'));
  return findCompat({ root, env: { NVIDIA_REQUIRE_CUDA: cuda13Condition, ...env } });
}

describe("NVIDIA's compatibility libraries", () => {
  it('come first where an older driver of a branch that they stand on runs a GPU that they support', async () => {
    const folder = '/usr/local/cuda/compat';
    for (const [driver, version] of [
      [closed('535.183.01'), '535.183.01'],
      [open('550.54.15'), '550.54.15'],
      [open('575.57.08'), '575.57.08'],
      [closed('570.86'), '570.86'],
    ] as const)
      assert.deepEqual(await first({ driver }), { folder, driver: version, compat: '580.95.05' });
    for (const model of ['Tesla T4', 'NVIDIA A100-SXM4-40GB', 'NVIDIA RTX A6000', 'NVIDIA H100 80GB HBM3'])
      assert.ok((await first({ driver: open('535.1'), gpus: [{ model }] })) !== undefined, model);
  });

  it('stay behind the driver where it is as new, of another branch, of consumer cards, or where there is nothing of them', async () => {
    const old = open('535.183.01');
    for (const [what, machine] of [
      ['as new', { driver: open('580.95.05') }],
      ['newer', { driver: closed('590.44.01') }],
      ['a branch that they do not stand on', { driver: closed('545.23.06') }],
      ['a branch before the first', { driver: closed('525.60.13') }],
      ['GeForce', { driver: old, gpus: [{ model: 'NVIDIA GeForce RTX 4090' }] }],
      ['one of two is a Titan', { driver: old, gpus: [{ model: 'NVIDIA L4' }, { model: 'NVIDIA TITAN RTX' }] }],
      ['no GPU in the container', { driver: old, gpus: [{ model: 'NVIDIA L4', isHere: false }] }],
      ['no driver', {}],
      ['a driver that cannot be read', { driver: 'NVRM version: ?\n' }],
      ['an image without them', { driver: old, compat: '' }],
      ['an image that asks for CUDA alone', { driver: old, env: { NVIDIA_REQUIRE_CUDA: 'cuda>=12.0' } }],
      ['first already', { driver: old, env: { LD_LIBRARY_PATH: '/x:/usr/local/cuda/compat' } }],
    ] as const)
      assert.equal(await first(machine), undefined, what);
  });

  it('look at the GPUs of this container alone, not at those of the whole machine', async () => {
    const gpus = [{ model: 'NVIDIA GeForce RTX 3090', isHere: false }, { model: 'NVIDIA L40S' }];
    assert.ok((await first({ driver: closed('550.54.15'), gpus })) !== undefined);
  });

  it('are put there by starting once more as the same process, or, where Node.js cannot, by a line that says what to type', async () => {
    const script = `import { startAgainWith } from ${JSON.stringify(module)};
      if (process.env.LD_LIBRARY_PATH === '/own')
        startAgainWith({ folder: '/compat', driver: '535.1', compat: '580.2' });
      console.log(JSON.stringify([process.pid, process.env.LD_LIBRARY_PATH, process.execArgv, process.argv.slice(2)]));`;
    const file = join(temporaryFolder('again-'), 'script.mjs');
    await writeFile(file, script);
    const args = ['--no-deprecation', file, '--port', '1'];
    const running = promisify(execFile)(process.execPath, args, { env: { ...process.env, LD_LIBRARY_PATH: '/own' } });
    const { stdout, stderr } = await running;
    const [pid, path, execArgv, argv] = JSON.parse(stdout) as readonly unknown[];
    assert.deepEqual([pid, execArgv, argv], [running.child.pid, ['--no-deprecation'], ['--port', '1']]);
    if ('execve' in process) {
      assert.equal(path, '/compat:/own');
      assert.match(stderr, /^slipway: driver 535\.1 is older .*\(580\.2\) come first, from \/compat\.\n$/);
    } else {
      assert.equal(path, '/own');
      assert.match(stderr, /^slipway: driver 535\.1 .* start the container with -e LD_LIBRARY_PATH=\/compat:\/own\n$/);
    }
  });
});
