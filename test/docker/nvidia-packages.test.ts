import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { cuda13Condition } from '../../src/launch/editions.js';
import { temporaryFolder } from '../support/folder.js';
import { cudaMajors, readNvidiaRecord, type CudaMajor } from './nvidia-record.js';
import { dockerfiles, listCommands, stageArgument } from './dockerfile.js';

const gpu = dockerfiles.find(({ variant }) => variant === 'gpu')!;
const script = listCommands(gpu).find((command) => command.script.includes('libcublas-'))?.script ?? '';

interface Body {
  readonly condition: string;
  readonly hasCompat?: boolean;
  readonly cudnn?: '0' | '1';
}

/** The packages that the image's step installs: it is run by sh among programs that change nothing. */
function installed(major: CudaMajor, { condition, hasCompat = true, cudnn = '1' }: Body): readonly string[] {
  const folder = temporaryFolder('stubs-');
  const programs = { 'apt-get': 'echo "$@" >&3', rm: 'true', ls: `exit ${hasCompat ? 0 : 2}` };
  for (const [name, text] of Object.entries(programs))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const version = stageArgument(gpu, `base-${major}`, 'CUDA_RELEASE');
  const PATH = `${folder}:${process.env['PATH'] ?? ''}`;
  const env = { PATH, CUDA_RELEASE: version, WITH_CUDNN: cudnn, NVIDIA_REQUIRE_CUDA: condition };
  const { stdout, stderr, status } = spawnSync('sh', ['-c', `exec 3>&1\n${script}`], { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const words = (stdout.split('\n').find((line) => line.startsWith('install ')) ?? '').split(' ').slice(1);
  return words.filter((word) => !word.startsWith('-')).sort();
}

describe("NVIDIA's packages of the gpu image", () => {
  for (const major of cudaMajors) {
    const record = readNvidiaRecord(major);
    const namesOf = (packages: readonly { readonly name: string }[]): readonly string[] =>
      packages.map(({ name }) => name).sort();

    it(`CUDA ${major}: are those that are recorded, of its minor version, beside a base that is recorded too`, () => {
      const condition = record.env['NVIDIA_REQUIRE_CUDA'] ?? '';
      assert.deepEqual(installed(major, { condition }), namesOf(record.asked));
      const from = gpu.tree
        .getFROMs()
        .find((one) => one.getBuildStage() === `base-${major}`)
        ?.getImage();
      assert.equal(from?.replace(/@sha256:\w+/, ''), `\${CUDA_IMAGE:-${record.base}}`);
      assert.ok(readFileSync('docker/docker-bake.hcl', 'utf8').includes(`{ default = "${record.base}`));
      const version = stageArgument(gpu, `base-${major}`, 'CUDA_RELEASE');
      assert.ok(record.env['CUDA_VERSION']?.startsWith(`${version}.`), record.env['CUDA_VERSION']);
      for (const { name } of [...record.present, ...record.asked])
        assert.match(name, new RegExp(`-${version.replace('.', '-')}$|^libcudnn9-cuda-${major}$`));
    });

    it(`CUDA ${major}: are asked for by arguments that no variable of the base hides`, () => {
      const at = gpu.tree
        .getFROMs()
        .find((one) => one.getBuildStage() === `base-${major}`)!
        .getRange().start.line;
      const below = gpu.tree.getARGs().filter((argument) => argument.getRange().start.line > at);
      const names = below.map((argument) => argument.getProperty()?.getName());
      assert.ok(names.includes('CUDA_RELEASE'));
      assert.deepEqual(
        names.filter((name) => Object.hasOwn(record.env, name ?? '')),
        [],
      );
    });

    it(`CUDA ${major}: hold every library that ONNX Runtime's provider may need, and cuDNN`, () => {
      const allowed = /^allowed="([^"]*)"/m.exec(readFileSync('docker/place-ort.sh', 'utf8'))?.[1] ?? '';
      const more = stageArgument(gpu, `binding-${major}`, 'ALSO_NEEDED').replaceAll('"', '').split(' ');
      const needed = [...allowed.replaceAll('$CUDA_MAJOR', major).split(/\s+/), ...more].filter((name) =>
        /^libcu(?!da\.)/.test(name),
      );
      assert.ok(needed.length >= 4, needed.join());
      const held = record.asked.flatMap(({ libraries }) => libraries);
      assert.deepEqual([...new Set([...needed, 'libcudnn.so.9'])].sort(), [...held].sort());
    });
  }

  it('bring the compatibility libraries where the base names brands for them and has none, and cuDNN unless told otherwise', () => {
    const { env, present, asked } = readNvidiaRecord('13');
    assert.equal(env['NVIDIA_REQUIRE_CUDA'], cuda13Condition);
    const compat = present.find(({ libraries }) => libraries.includes('libcuda.so.1'))?.name ?? '';
    assert.equal(compat, 'cuda-compat-13-0');
    const names = asked.map(({ name }) => name);
    const bare = installed('13', { condition: cuda13Condition, hasCompat: false });
    assert.deepEqual(bare, [...names, compat].sort());
    assert.deepEqual(installed('13', { condition: 'cuda>=13.0', hasCompat: false }), names);
    const small = installed('13', { condition: cuda13Condition, cudnn: '0' });
    assert.deepEqual(
      small,
      names.filter((name) => !name.includes('cudnn')),
    );
  });
});
