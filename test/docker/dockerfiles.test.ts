import { validate } from 'dockerfile-utils';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { cuda13Condition, editions } from '../../src/launch/editions.js';
import { imageLabels } from '../../src/launch/labels.js';
import { allocator } from '../../src/launch/native/supervisor/allocator.js';
import { dockerfiles, globalArgument, listCommands, stageArgument, type OwnDockerfile } from './dockerfile.js';

const packages = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
};
const [cpu, gpu, cuda] = dockerfiles as readonly [OwnDockerfile, OwnDockerfile, OwnDockerfile];

/** The text between two marks, both of which must stand there once. */
function section(text: string, from: string, to: string): string {
  assert.equal(text.split(from).length, 2, `"${from}" once`);
  const start = text.indexOf(from);
  const end = to === '' ? text.length : text.indexOf(to, start);
  assert.ok(end > start, `"${to}" after "${from}"`);
  return text.slice(start, end);
}

describe('the three Dockerfiles', () => {
  it('build the application by the same text, and end in the same text', () => {
    for (const { variant, text } of [gpu, cuda]) {
      for (const [from, to] of [
        ['# == app:', '# == end of app =='],
        ['# == runtime:', ''],
      ] as const) {
        assert.equal(section(text, from, to), section(cpu.text, from, to), `${variant}: ${from}`);
      }
    }
  });

  it('set the allocator as launch does for native servers', () => {
    const settings = Object.entries(allocator).map(([name, value]) => `${name}=${value}`);
    assert.equal(settings.length, 2);
    for (const { text } of dockerfiles) assert.match(text, new RegExp(`^ENV .* ${settings.join(' ')}$`, 'm'));
  });

  it('differ in nothing but where the ONNX Runtime files come from and what they stand on', () => {
    const shared = cpu.tree.getFROMs().map((from) => from.getBuildStage());
    for (const { tree } of [gpu, cuda]) {
      const own = tree.getFROMs().map((from) => from.getBuildStage());
      assert.deepEqual(
        shared.filter((stage) => !own.includes(stage)),
        ['rootfs'],
      );
    }
  });

  for (const file of dockerfiles) {
    const { variant, text, tree } = file;
    const last = (keyword: string): string =>
      tree
        .getInstructions()
        .filter((instruction) => instruction.getKeyword() === keyword)
        .at(-1)
        ?.getArgumentsContent() ?? '';

    it(`${variant}: has no fault that a linter finds`, () => {
      const faults = validate(text).map(({ range, message }) => `${range.start.line + 1}: ${JSON.stringify(message)}`);
      assert.deepEqual(faults, []);
    });

    it(`${variant}: names the ONNX Runtime of package.json and the version of the project`, () => {
      assert.equal(globalArgument(file, 'ORT_VERSION'), packages.dependencies['onnxruntime-node']);
      assert.match(text, new RegExp(`^ARG VERSION=${packages.version}$`, 'm'));
    });

    it(`${variant}: sends nothing home, runs as a numbered user, and stops by SIGTERM behind an init`, () => {
      assert.match(last('ENV'), /\bORT_DISABLE_TELEMETRY=1\b/);
      assert.equal(last('USER'), '1000:1000');
      assert.equal(last('STOPSIGNAL'), 'SIGTERM');
      assert.equal(last('WORKDIR'), '/srv');
      const entry = JSON.parse(last('ENTRYPOINT')) as readonly string[];
      assert.deepEqual(entry.slice(0, 3), ['/usr/bin/tini', '--', '/usr/local/bin/node']);
      assert.match(
        text,
        /^HEALTHCHECK .*\\\n {2}CMD \["\/usr\/local\/bin\/node", "\/app\/docker\/healthcheck\.cjs"\]$/m,
      );
    });

    it(`${variant}: names every base by a version, in an argument that another may take the place of`, () => {
      const stages = tree.getFROMs().map((from) => from.getBuildStage());
      for (const from of tree.getFROMs()) {
        const image = from.getImage() ?? '';
        if (image === 'scratch' || stages.includes(image) || /^[a-z-]+-\$\{[A-Z_]+\}$/.test(image)) continue;
        const pattern = /^\$\{([A-Z]+_IMAGE)(?::-([^}]+))?\}$/;
        const [, argument, name = argument && globalArgument(file, argument)] = pattern.exec(image) ?? [];
        assert.ok(name, `${image} is no ARG`);
        assert.match(name, /^[a-z/]+:\d?[\w.-]+(@sha256:[\da-f]{64})?$/);
        assert.doesNotMatch(name, /:latest$/);
      }
    });

    it(`${variant}: installs dependencies before it sees a source`, () => {
      assert.ok(text.indexOf('npm ci') < text.indexOf('COPY src'), 'npm ci stands before COPY src');
      assert.match(text, /npm ci --omit=dev --ignore-scripts/);
    });

    it(`${variant}: carries the labels that a launcher reads before it starts the image`, () => {
      assert.match(text, new RegExp(`${imageLabels.variant}=${variant}\\b`));
      for (const name of [imageLabels.ortVersion, 'org.opencontainers.image.revision']) assert.ok(text.includes(name));
      if (variant === 'cpu') return;
      for (const name of Object.values(imageLabels)) assert.ok(text.includes(`${name}=`), name);
      for (const { buildArgs, requirements } of editions[variant]) {
        const major = buildArgs['CUDA_MAJOR'] ?? '13';
        const value = (name: string): string =>
          variant === 'gpu' ? stageArgument(file, `base-${major}`, name) : globalArgument(file, name);
        assert.equal(value(variant === 'gpu' ? 'CUDA_RELEASE' : 'CUDA_VERSION'), requirements.cudaVersion);
        assert.equal(value('MIN_DRIVER'), requirements.minDriver);
        assert.deepEqual(value('CUDA_ARCHS').split(';'), requirements.architectures);
      }
    });
  }

  it('gpu: takes core, provider, binding and labels of CUDA 12 from one version, with a sum for each download', () => {
    assert.equal(globalArgument(gpu, 'CUDA_MAJOR'), '13');
    const versions = ['pair-12', 'binding-12', 'base-12'].map((stage) => stageArgument(gpu, stage, 'ORT_VERSION'));
    const [version = ''] = versions;
    assert.deepEqual(new Set(versions), new Set([version]));
    assert.match(stageArgument(gpu, 'pair-12', 'ORT_CUDA_SHA256'), /^[\da-f]{64}$/);
    const listed = readFileSync('docker/cuda12-npm.txt', 'utf8').trim().split('\n');
    const expected = ['onnxruntime-node', 'onnxruntime-common'].map((name) => `${name}@${version}`);
    assert.deepEqual(
      listed.map((line) => line.split(' ')[0]),
      expected,
    );
    for (const line of listed) assert.match(line, / sha512-[\w+/]{86}==$/);
  });

  it('gpu: lists for each CUDA major the wheels of its libraries, each with a sum', () => {
    for (const [major, names] of [
      ['12', ['cublas-cu12', 'cuda-runtime-cu12', 'cufft-cu12', 'curand-cu12', 'cudnn-cu12']],
      ['13', ['cublas', 'cuda-runtime', 'curand', 'cudnn-cu13']],
    ] as const) {
      const text = readFileSync(`docker/cuda${major}-wheels.txt`, 'utf8');
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      assert.deepEqual(
        lines.map((line) => line.replace(/^nvidia-/, '').replace(/==.*/, '')),
        names,
      );
      for (const line of lines) assert.match(line, /==[\d.]+ --hash=sha256:[\da-f]{64}$/);
    }
  });

  it('gpu: asks of a driver by NVIDIA_REQUIRE_CUDA what the plan expects of an image that is not there yet', () => {
    const [thirteen, twelve] = editions.gpu;
    assert.deepEqual(thirteen?.requirements.conditions, [cuda13Condition]);
    assert.match(gpu.text, /^ENV NVIDIA_REQUIRE_CUDA=\$\{NVIDIA_REQUIRE_CUDA:-cuda>=13\.0\}$/m);
    assert.match(
      gpu.text,
      new RegExp(`^ENV NVIDIA_REQUIRE_CUDA=${twelve?.requirements.conditions?.join(' ') ?? '-'}$`, 'm'),
    );
  });

  it('compile from sources with the network off, and without a vendor image or prebuilt runtime', () => {
    assert.equal(cuda.text.match(/RUN --network=none/g)?.length, 2);
    assert.doesNotMatch(cuda.text, /nvidia\/cuda|onnxruntime-gpu|nuget/i);
  });
});

const shellcheck = spawnSync('shellcheck', ['--version']).status === 0;
const skip = shellcheck ? false : 'needs the program shellcheck';
if (skip !== false) console.log(`skipped: shell text in docker/ ${skip}`);

describe('shell text in docker/', { skip }, () => {
  for (const file of dockerfiles) {
    it(`${file.variant}: every RUN passes shellcheck`, () => {
      for (const { line, script } of listCommands(file)) {
        // Word splitting of $cudnn, which may be empty, is meant.
        const { stdout, status } = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2086,SC2016', '-'], { input: script });
        assert.equal(status, 0, `docker/Dockerfile.${file.variant}:${line}\n${stdout.toString()}`);
      }
    });
  }

  it('every script passes shellcheck', () => {
    const scripts = readdirSync('docker').filter((name) => name.endsWith('.sh'));
    const { stdout, status } = spawnSync(
      'shellcheck',
      scripts.map((name) => `docker/${name}`),
    );
    assert.ok(scripts.length > 5);
    assert.equal(status, 0, stdout.toString());
  });
});
