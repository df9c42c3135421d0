import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findBindingFolder, findMissingFiles } from '../../src/engine/probe/probe-files.js';
import { parseProbe, probeProvider } from '../../src/engine/probe/probe.js';
import { isSoftwareAdapter } from '../../src/engine/placement.js';

const bindingFolder = '/opt/ort';
const having =
  (...paths: readonly string[]) =>
  (path: string) =>
    Promise.resolve(paths.includes(path));

describe('the files that a provider needs', () => {
  it('are named when they are missing beside the binding', async () => {
    const options = { bindingFolder, platform: 'linux' };
    assert.match(
      (await findMissingFiles('cuda', { ...options, exists: having() })) ?? '',
      /libonnxruntime_providers_shared\.so/,
    );
    const shared = having('/opt/ort/libonnxruntime_providers_shared.so');
    assert.match(
      (await findMissingFiles('cuda', { ...options, exists: shared })) ?? '',
      /_providers_cuda\.so is not installed in \/opt\/ort/,
    );
    const both = having('/opt/ort/libonnxruntime_providers_shared.so', '/opt/ort/libonnxruntime_providers_cuda.so');
    assert.equal(await findMissingFiles('cuda', { ...options, exists: both }), undefined);
  });

  it('include a Vulkan loader, wherever the linker looks', async () => {
    const options = { bindingFolder, platform: 'linux', libraryPath: ':/opt/vulkan' };
    assert.match((await findMissingFiles('webgpu', { ...options, exists: having() })) ?? '', /libvulkan/);
    for (const folder of ['/opt/vulkan', '/usr/lib64']) {
      assert.equal(
        await findMissingFiles('webgpu', { ...options, exists: having(`${folder}/libvulkan.so.1`) }),
        undefined,
      );
    }
  });

  it('are looked for only on Linux', async () => {
    assert.equal(await findMissingFiles('webgpu', { bindingFolder, platform: 'darwin', exists: having() }), undefined);
  });

  it('are looked for where the binding really is', async () => {
    const exists = await import('node:fs').then((fs) => fs.existsSync);
    assert.ok(exists(join(findBindingFolder(), 'onnxruntime_binding.node')));
  });
});

describe('the proof of a provider', () => {
  it('needs no process for the CPU, nor where files are missing', async () => {
    assert.deepEqual(await probeProvider('cpu', { env: {} }), { works: true });
    const proof = await probeProvider('cuda', { env: {}, bindingFolder });
    assert.ok(!proof.works && /is not installed in \/opt\/ort/.test(proof.reason));
  });

  it('reads the reason from the runtime own lines in a process of its own', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-ort-'));
    t.after(() => rm(folder, { recursive: true }));
    for (const name of ['shared', 'cuda']) await writeFile(join(folder, `libonnxruntime_providers_${name}.so`), '');
    const proof = await probeProvider('cuda', { env: process.env, bindingFolder: folder });
    if (proof.works) return;
    assert.match(
      proof.reason,
      /libonnxruntime_providers_shared\.so is not installed beside its binding; to fix: use the gpu or cuda image/,
    );
  });

  it('is a refusal with the way the process ended when it gave no answer', () => {
    assert.deepEqual(parseProbe({ stdout: '', stderr: '', exit: 'SIGSEGV' }), {
      works: false,
      reason: 'the probing process ended without an answer: SIGSEGV',
    });
  });

  it('keeps the thrown text where stderr names no fault', () => {
    const stdout = JSON.stringify({ works: false, reason: 'something new' });
    assert.deepEqual(parseProbe({ stdout, stderr: 'noise', exit: 'exit code 0' }), {
      works: false,
      reason: 'something new',
    });
  });
});

describe('a software adapter', () => {
  it('is known by its driver, unless the device file of a GPU is open', () => {
    const lavapipe = '7f12 r-xp /usr/lib/x86_64-linux-gnu/libvulkan_lvp.so\n7f13 r-xp libvulkan_intel.so';
    assert.equal(isSoftwareAdapter(lavapipe, ['/dev/null', 'socket:[1]']), true);
    assert.equal(isSoftwareAdapter(lavapipe, ['/dev/dri/renderD128']), false);
    assert.equal(isSoftwareAdapter('libGLX_nvidia.so.0', ['/dev/nvidia0']), false);
    assert.equal(isSoftwareAdapter('', []), false);
  });
});
