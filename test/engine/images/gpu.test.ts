import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { editions } from '../../../src/launch/editions.js';
import { imageLabels } from '../../../src/launch/labels.js';
import { docker, evaluateInside, run, waitUntilHealthy } from '../docker-cli.js';
import { nodeBase } from '../stand-in.js';
import { openTestEngine, shellImage } from '../support.js';

const engine = await openTestEngine(nodeBase);
const hasCompiler = (await run('gcc', ['--version']).catch(() => ({ code: 1 }))).code === 0;
if (process.env['REQUIRE_ENGINE'] === '1') assert.ok(hasCompiler, 'needs gcc, for stub libraries');
const skip = engine.skip === false && !hasCompiler ? 'needs gcc, for stub libraries' : engine.skip;
if (skip !== false && engine.skip === false) console.log(`skipped: ${skip}`);
const tag = randomUUID().slice(0, 8);
const image = `slipway-test-${tag}:gpu`;
const folder = await mkdtemp(join(tmpdir(), 'slipway-gpu-'));
const binding = 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64';

/** Empty libraries under the names that ONNX Runtime's CUDA provider needs, and a provider that needs them. */
async function writeStubs(at: string, cudaMajor: number, alsoNeeded: readonly string[] = []): Promise<void> {
  await mkdir(join(at, 'cuda'), { recursive: true });
  const names = [
    `cublasLt.so.${cudaMajor}`,
    `cublas.so.${cudaMajor}`,
    'curand.so.10',
    `cudart.so.${cudaMajor}`,
    'cuda.so.1',
    ...alsoNeeded,
  ];
  await writeFile(join(at, 'empty.c'), 'void slipway_stub(void) {}\n');
  const link = async (soname: string, output: string, needs: readonly string[]): Promise<void> => {
    const flags = [
      '-shared',
      '-fPIC',
      '-Wl,--no-as-needed',
      `-Wl,-soname,${soname}`,
      '-o',
      output,
      join(at, 'empty.c'),
    ];
    const { code, stderr } = await run('gcc', [...flags, ...needs]);
    assert.equal(code, 0, stderr);
  };
  const libraries = names.map((name) => join(at, 'cuda', `lib${name}`));
  for (const [index, library] of libraries.entries()) await link(`lib${names[index] ?? ''}`, library, []);
  await link('libonnxruntime_providers_shared.so', join(at, 'libonnxruntime_providers_shared.so'), []);
  await link('libonnxruntime_providers_cuda.so', join(at, 'libonnxruntime_providers_cuda.so'), libraries);
  await rm(join(at, 'cuda'), { recursive: true });
  await copyFile(join(binding, 'libonnxruntime.so.1'), join(at, 'libonnxruntime.so.1.30.0'));
}

/** The gpu image from local files on a base without CUDA: what can be built where no NVIDIA package is to be had. */
const build = (files: string, ...flags: readonly string[]) => {
  const own = ['ORT_CUDA_SOURCE=local', 'CUDA_LIBS=none', `CUDA_IMAGE=${shellImage}`].flatMap((arg) => [
    '--build-arg',
    arg,
  ]);
  return run('docker', [
    ...['buildx', 'build', '--file', 'docker/Dockerfile.gpu', '--progress', 'plain', ...own],
    ...['--build-context', `ort-files=${files}`, ...flags, '.'],
  ]);
};

describe('the gpu image, of stub libraries', { skip }, () => {
  const [right, wrong] = [join(folder, 'right'), join(folder, 'wrong')];
  before(async () => {
    await writeStubs(right, 13);
    await writeStubs(wrong, 12);
    const { code, stderr } = await build(right, '--load', '--tag', image);
    assert.equal(code, 0, stderr.slice(-3000));
  });
  after(async () => {
    const left = (await docker('ps', '--all', '--quiet', '--filter', `name=slipway-test-${tag}`)).split('\n');
    if (left[0] !== '') await docker('rm', '--force', ...left);
    await docker('image', 'rm', '--force', image);
    await rm(folder, { recursive: true, force: true });
  });

  it('is not built from a provider for another CUDA, from another version, or from half a package', async () => {
    const other = await build(wrong, '--target', 'ort');
    assert.notEqual(other.code, 0);
    assert.match(
      other.stderr,
      /libonnxruntime_providers_cuda\.so needs libcublasLt\.so\.12, which this image does not hold/,
    );
    const version = await build(right, '--target', 'ort', '--build-arg', 'ORT_VERSION=1.29.0');
    assert.match(version.stderr, /package-lock\.json has onnxruntime-node 1\.30\.0, but ORT_VERSION is 1\.29\.0/);
    await rm(join(wrong, 'libonnxruntime.so.1.30.0'));
    assert.match((await build(wrong, '--target', 'ort')).stderr, /core and CUDA provider must come from one build/);
  });

  it("is built for CUDA 12 from the pair of npm's binding and provider that is the newest for it, and from no other", async () => {
    const twelve = join(folder, 'twelve');
    await writeStubs(twelve, 12, ['cufft.so.11', 'cudnn.so.9']);
    const asked = ['--target', 'ort', '--build-arg', 'CUDA_MAJOR=12', '--no-cache-filter', 'ort'];
    const newer = await build(twelve, ...asked);
    assert.notEqual(newer.code, 0);
    assert.match(newer.stderr, /libonnxruntime\.so\.1\.30\.0 is not ONNX Runtime 1\.26\.0/);
    await rm(join(twelve, 'libonnxruntime.so.1.30.0'));
    await writeFile(join(twelve, 'core.c'), 'void OrtGetApiBase(void) {}\n');
    await writeFile(join(twelve, 'core.map'), 'VERS_1.26.0 { global: OrtGetApiBase; };\n');
    const script = `-Wl,--version-script=${join(twelve, 'core.map')}`;
    const core = join(twelve, 'libonnxruntime.so.1.26.0');
    assert.equal((await run('gcc', ['-shared', '-fPIC', script, '-o', core, join(twelve, 'core.c')])).code, 0);
    const { code, stderr } = await build(twelve, ...asked);
    assert.equal(code, 0, stderr.slice(-3000));
    assert.match(stderr, /placed ONNX Runtime 1\.26\.0, .*for CUDA 12:/);
    const small = await build(twelve, '--target', 'ort', '--build-arg', 'CUDA_MAJOR=12', '--build-arg', 'WITH_CUDNN=0');
    assert.match(small.stderr, /does not load without cuDNN/);
  });

  it('holds core and provider beside the binding, and says by labels what it asks of a host', async () => {
    const at = `/app/${binding}`;
    const files = await docker('run', '--rm', '--entrypoint', 'ls', image, at);
    const expected = ['libonnxruntime.so.1', 'libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'];
    assert.deepEqual(files.split('\n'), [...expected, 'onnxruntime_binding.node']);
    const text = await docker('image', 'inspect', '--format', '{{json .Config.Labels}}', image);
    const labels = JSON.parse(text) as Record<string, string>;
    assert.equal(labels[imageLabels.variant], 'gpu');
    const asked = editions.gpu[0]?.requirements;
    assert.equal(labels[imageLabels.ortVersion], '1.30.0');
    assert.equal(labels[imageLabels.minDriver], asked?.minDriver);
    assert.equal(labels[imageLabels.architectures], asked?.architectures.join(';'));
  });

  it('says in one line that it has no GPU, with the fix, and serves on the CPU only when that is allowed', async () => {
    const [strict, lax] = [`slipway-test-${tag}-strict`, `slipway-test-${tag}-lax`];
    const status = `return (await fetch('http://127.0.0.1:8000/v2/health/ready')).status;`;
    await docker('run', '--detach', '--name', lax, '--env', 'SLIPWAY_REQUIRE_GPU=false', image);
    await waitUntilHealthy(lax);
    const laxLog = (await run('docker', ['logs', lax])).stderr;
    assert.match(
      laxLog,
      /^slipway: no NVIDIA GPU in this container: start .* --gpus all .* Until then the CPU computes/m,
    );
    assert.match(laxLog, /digits\/1 .* on cpu/);
    assert.equal(await evaluateInside(lax, status), 200);

    await docker('run', '--detach', '--name', strict, image);
    const deadline = performance.now() + 30_000;
    let log = '';
    while (!log.includes('not ready:') && performance.now() < deadline)
      log = (await run('docker', ['logs', strict])).stderr;
    assert.equal(log.match(/no NVIDIA GPU in this container/g)?.length, 1);
    assert.match(log, /--gpus all.*SLIPWAY_REQUIRE_GPU=false lets the CPU compute/);
    assert.equal(await evaluateInside(strict, status), 503);
  });
});
