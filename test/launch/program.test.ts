import assert from 'node:assert/strict';

import { describe, it } from 'node:test';
import { AppError } from '../../src/errors.js';
import { defineProgram, runProgram } from '../../src/launch/program.js';
import { lendThisProcess } from '../../src/launch/this-process.js';
import { temporaryFolder } from '../support/folder.js';
import { runLaunch } from '../support/launch-cli.js';

/** Runs a line against no engine and an empty folder of state. */
async function run(...args: readonly string[]) {
  const text = { stdout: '', stderr: '' };
  let set = 0;
  const streams = {
    stdout: { write: (part: string) => (text.stdout += part) },
    stderr: { write: (part: string) => (text.stderr += part) },
  };
  const folder = temporaryFolder('cli-');
  const context = {
    ...lendThisProcess((code) => (set = code), streams),
    env: { PATH: folder, SLIPWAY_STATE_DIR: folder },
    cwd: folder,
    openGateway: () => Promise.reject(new AppError('DOCKER_UNREACHABLE', 'No engine in this test.')),
  };
  const failure = await runProgram(args, context);
  return { ...text, code: failure === 0 ? set : failure };
}

describe('command line', () => {
  it('explains itself on one screen', async () => {
    const { stdout, code } = await run('--help');
    assert.equal(code, 0);
    assert.ok(stdout.split('\n').length <= 24, stdout);
    assert.ok(Math.max(...stdout.split('\n').map((line) => line.length)) <= 85);
    const up = (await run('up', '--help')).stdout;
    assert.ok(up.split('\n').length <= 57, `up --help has ${up.split('\n').length} lines`);
  });

  it('names every command in its help', async () => {
    const { stdout } = await run('--help');
    const names = defineProgram().commands.map(({ path }) => path.replace('launch ', ''));
    assert.ok(names.length > 10);
    assert.deepEqual(
      names.filter((name) => !new RegExp(`\\b${name}\\b`).test(stdout)),
      [],
    );
  });

  it('refuses to build an image with CUDA for what none is made for, before it asks an engine', async () => {
    for (const [variant, platform] of [
      ['gpu', 'linux/arm64'],
      ['cuda', 'linux/amd64,linux/aarch64'],
      ['gpu', 'arm64'],
    ] as const) {
      const { code, stderr } = await run('build', '--variant', variant, '--platform', platform);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`--variant ${variant} for arm64: .*built for amd64 alone.*--variant cpu`, 's'));
    }
    for (const line of [
      ['--variant', 'cpu', '--platform', 'linux/arm64'],
      ['--variant', 'gpu', '--platform', 'linux/x86_64'],
      ['--variant', 'gpu', '--platform', 'linux/arm64', '-f', 'package.json'],
      ['--variant', 'gpu'],
    ]) {
      const { stderr } = await run('build', ...line);
      assert.doesNotMatch(stderr, /amd64 alone/, line.join(' '));
    }
  });

  const mistyped: readonly (readonly [line: string, says: RegExp])[] = [
    ['docter', /Did you mean launch doctor\?/],
    ['up gpu', /Type --variant gpu/],
    ['--detatch', /Did you mean --detach\?/],
    ['--port 9000', /Type -p/],
    ['--gpu', /Type --variant gpu/],
    ['.', /type --mount \.:\/srv/],
    ['./models:/srv', /type --mount \.\/models:\/srv/],
    ['--name x1 stop', /The command comes first: launch stop/],
    ['completion tcsh', /bash\|zsh\|fish/],
    ['top web', /type: docker top web\n {2}here: launch stats/],
    ['cp web:/srv/a .', /type: docker cp web:\/srv\/a \.\n/],
    ['volume ls -q', /type: docker volume ls -q$/m],
    ['pause web', /type: docker pause web$/m],
    ['predict -m digits 7.png', /launch has no predict\.\n {2}type: slipway predict -m digits 7\.png\n/],
    ['bench --url http://a:1', /type: slipway bench --url http:\/\/a:1\n/],
    ['serve m.onnx', /type: slipway m\.onnx\n/],
    ['init m', /type: launch models init m\n/],
    [
      'inspect --json ./m.onnx',
      /launch inspect is for containers\.\n {2}type: launch models inspect --json \.\/m\.onnx\n/,
    ],
    ['run slipway:cpu', /type launch run --image slipway:cpu/],
    ['export', /export is a group of commands\. Name one: .*compose.*\nSee launch export --help\.\n/],
    ['network', /network is a group of commands\. Name one: /],
    ['models', /models is a group of commands\. Name one: /],
    ['exec', /argument 'server'\nSee launch exec --help\.\n/],
    ['models push', /\nSee launch models push --help\.\n/],
    ['help nothing', /There is no command nothing/],
    ['--env-file none.env', /Name a file that exists/],
  ];
  for (const [line, says] of mistyped) {
    it(`answers "launch ${line}" with what to type`, async () => {
      const { stderr, code } = await run(...line.split(' '));
      assert.match(stderr, says);
      assert.equal(code, 2);
    });
  }

  it('suggests a command that ends or deletes only for a slip in its own word', async () => {
    for (const [typed, meant] of [
      ['kil', 'kill'],
      ['tsop', 'stop'],
      ['stopp', 'stop'],
      ['pruen', 'prune'],
      ['pul', 'pull'],
    ]) {
      assert.match((await run(typed ?? '')).stderr, new RegExp(`Did you mean launch ${meant}\\?`), typed);
    }
    for (const word of ['ill', 'skill', 'step', 'shop', 'pure', 'still', 'rime', 'r', 'kilo', 'tune'])
      assert.doesNotMatch((await run(word)).stderr, /launch (kill|prune|rm|rmi|stop|restart)\?/, word);
  });

  it('tells versions and the help of a command as docker does', async () => {
    assert.match(
      (await run('version')).stdout,
      /^launch +\d+\.\d+\.\d+\nNode\.js +\d+\..*\nengine +No engine in this test/,
    );
    assert.match((await run('help')).stdout, /launch doctor/);
    assert.match((await run('help', 'run')).stdout, /^Usage: launch up\|run /);
  });

  it("writes an option's default into its help as everywhere, and no empty list", async () => {
    const { stdout } = await run('export', 'compose', '--help');
    assert.match(stdout, /cpu, gpu, cuda \(cpu\)\n/);
    assert.doesNotMatch(stdout, /default:|\[\]/);
  });

  it('reports a failure as JSON where JSON was asked for', async () => {
    const { stdout, code } = await run('--variant', 'gup', '--json');
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, 'USAGE');
    assert.match(error.message, /--variant gup/);
    assert.equal(code, 2);
  });

  it('leaves with the code of an engine that does not answer', async () => {
    assert.equal((await run('--variant', 'cpu')).code, 4);
  });
});

describe('a dry run as JSON', () => {
  const lines: readonly (readonly [string, number])[] = [
    ['--dry-run --variant cpu', 4],
    ['--dry-run --variant native', 0],
    ['--dry-run --variant native -v data:/srv', 2],
    ['--dry-run --variant native --mount ./docs:/srv', 2],
    ['--dry-run --mount ./none:/srv', 2],
    ['plan --variant gpu', 4],
  ];
  for (const [line, expected] of lines) {
    it(`of "launch ${line}" is one document, with the text's exit code`, async () => {
      const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock', SLIPWAY_STATE_DIR: temporaryFolder('dry-') };
      const [text, json] = await Promise.all(
        [[], ['--json']].map((more) => runLaunch([...line.split(' '), ...more], { env })),
      );
      assert.ok(text !== undefined && json !== undefined);
      assert.deepEqual([text.code, json.code], [expected, expected], text.stderr);
      const document = JSON.parse(json.stdout) as { facts: object; decision: object; error?: { message: string } };
      assert.deepEqual(Object.keys(document).slice(0, 2), ['facts', 'decision']);
      assert.equal(document.error !== undefined, expected !== 0);
      if (expected !== 0) assert.match(json.stderr, /^✗ /m);
    });
  }
});
