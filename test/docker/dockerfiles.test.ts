import { validate } from 'dockerfile-utils';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { imageLabels, variantRequirements } from '../../src/launch/labels.js';
import { dockerfiles, globalArgument, listCommands, type OwnDockerfile } from './dockerfile.js';

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

    it(`${variant}: names every base by a version and takes a digest for it`, () => {
      const stages = tree.getFROMs().map((from) => from.getBuildStage());
      for (const from of tree.getFROMs()) {
        const image = from.getImage() ?? '';
        if (image === 'scratch' || stages.includes(image) || /^[a-z-]+-\$\{[A-Z_]+\}$/.test(image)) continue;
        const argument = /^\$\{([A-Z]+)_IMAGE\}\$\{\1_DIGEST:\+@\$\{\1_DIGEST\}\}$/.exec(image)?.[1];
        assert.ok(argument, `${image} is no ARG with a digest`);
        assert.match(globalArgument(file, `${argument}_IMAGE`), /^[a-z/]+:\d?[\w.-]+$/);
        assert.doesNotMatch(globalArgument(file, `${argument}_IMAGE`), /:latest$/);
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
      const { cudaVersion, minDriver, architectures } = variantRequirements[variant];
      assert.equal(globalArgument(file, 'CUDA_VERSION'), cudaVersion);
      assert.equal(globalArgument(file, 'MIN_DRIVER'), minDriver);
      assert.deepEqual(globalArgument(file, 'CUDA_ARCHS').split(';'), architectures);
    });
  }

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
