import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { toRunArguments } from '../../src/launch/container/docker-run.js';
import type { ContainerDetails } from '../../src/launch/docker/types.js';
import type { Launched } from '../../src/launch/session/outcome.js';
import type { ContainerSpec } from '../../src/launch/container/spec-types.js';
import { run } from './docker-cli.js';
import { hostConfigOf, nodeBase, openStandInSuite, putFakeDriver, readText, runLauncher } from './stand-in.js';
import { openTestEngine } from './support.js';
import { temporaryFolder } from '../support/folder.js';

const engine = await openTestEngine(nodeBase);

/** docker's own words for each way: whether the engine has it is asked of the engine, not of the launcher. */
const dockerFlags = {
  cdi: ['--device', 'nvidia.com/gpu=0'],
  runtime: ['--runtime', 'nvidia'],
  gpus: ['--gpus', 'all'],
} as const;
type Way = keyof typeof dockerFlags;

/** The ways that the engine is to have: losing one is red where an engine is demanded. Undefined: whatever it has. */
const demanded =
  process.env['ENGINE_GPU_WAYS']?.split(/[ ,]+/) ??
  (process.env['REQUIRE_ENGINE'] === '1' ? Object.keys(dockerFlags) : undefined);
const volume = `slipway-test-data-${process.pid}`;

describe('container options and GPUs on a real engine', { skip: engine.skip, concurrency: false }, () => {
  const docker = engine.docker!;
  const { nextPort, up } = openStandInSuite(docker, 'slipway.test=gpu', 28_000);
  after(async () => {
    await run('docker', ['rm', '--force', 'slipway-test-api', 'slipway-test-cli']);
    assert.equal((await run('docker', ['volume', 'rm', volume])).code, 0);
  });

  it('prints a docker run line that makes the same container', async () => {
    const folder = temporaryFolder('mounted-');
    const flags = [
      '--variant',
      'cpu',
      '-p',
      nextPort(),
      '-p',
      '127.0.0.1::9000/udp',
      '--mount',
      `${folder}:/srv:ro`,
      '-v',
      `${folder}:/z:z`,
      '-v',
      `${volume}:/data`,
      '--tmpfs',
      '/run:size=1m',
      '-m',
      '256m',
      '--cpus',
      '0.5',
      '--shm-size',
      '32m',
      '--pids-limit',
      '100',
      '--read-only',
      '-u',
      '1000',
      '--ulimit',
      'nofile=1024',
      '-e',
      "GREETING=it's me",
      '--device',
      '/dev/null:/dev/video0:rw',
      '--group-add',
      '44',
      '--log-opt',
      'max-size=1m',
      '--security-opt',
      'label=disable',
    ];
    const { stdout, stderr } = await up([...flags, '--dry-run', '--json']);
    assert.notEqual(stdout, '', stderr);
    const { container } = JSON.parse(stdout) as { container: ContainerSpec };
    const byApi = await docker.containers.create(container.body, { name: 'slipway-test-api' });
    const [, ...line] = ['run', ...toRunArguments({ ...container, name: 'slipway-test-cli' }, { isDetached: false })];
    await promisify(execFile)('docker', ['create', ...line]);
    const [api, cli] = await Promise.all([
      docker.containers.inspect(byApi),
      docker.containers.inspect('slipway-test-cli'),
    ]);
    // ConsoleSize is the terminal's, BlkioDeviceReadBps and the like are null or [].
    const comparable = (details: ContainerDetails) =>
      Object.fromEntries(
        Object.entries(hostConfigOf(details)).map(([key, value]) => [
          key,
          key === 'ConsoleSize' || (value as unknown) === null || (Array.isArray(value) && value.length === 0)
            ? undefined
            : value,
        ]),
      );
    assert.deepEqual(comparable(api), comparable(cli));
    const parts = ({ raw }: ContainerDetails) => {
      const { Env, Labels, User, ExposedPorts } = raw['Config'] as Record<string, unknown>;
      // The engine merges the image's variables in no fixed order.
      return { Env: [...(Env as readonly string[])].sort(), Labels, User, ExposedPorts };
    };
    assert.deepEqual(parts(api), parts(cli));
  });

  for (const way of Object.keys(dockerFlags) as Way[]) {
    it(`asks the engine for a GPU by ${way}, or says in one line how to get it`, async () => {
      const path = `${await putFakeDriver()}:${process.env['PATH'] ?? ''}`;
      const name = `slipway-test-${way}`;
      const args = ['--variant', 'gpu', '--gpu-mode', way, '-p', nextPort(), '--name', name, '-e', 'DEVICE=cpu'];
      const { code, stdout, stderr } = await up(['-d', '--json', ...args], { PATH: path });
      const isOffered = (await run('docker', ['run', '--rm', ...dockerFlags[way], nodeBase, 'true'])).code === 0;
      if (demanded !== undefined)
        assert.equal(
          isOffered,
          demanded.includes(way),
          `${way}: this engine is to have ${demanded.join(', ') || 'none'}`,
        );
      console.log(`${way}: exit code ${code}, ${isOffered ? 'for the engine has it' : 'for the engine refuses it'}`);
      assert.equal(code, isOffered ? 0 : 3, stderr);
      if (!isOffered) {
        assert.match(stderr, /fix: .*(nvidia-ctk|"features":\{"cdi":true\})/);
        await assert.rejects(docker.containers.inspect(name), { code: 'CONTAINER_NOT_FOUND' });
        return;
      }
      const launched = JSON.parse(stdout) as Launched;
      assert.equal(launched.gpuPath, way);
      const env = await readText(`${launched.url}/env`);
      assert.match(env, way === 'cdi' ? /MOCK_CDI_GPU_0=1/ : /NVIDIA_VISIBLE_DEVICES=all/);
      assert.match(env, /SLIPWAY_REQUIRE_GPU=true/);
      assert.match(stderr, new RegExp(`${name} was given a GPU by ${way}, but computes on cpu: launch logs ${name}`));
    });
  }

  it('refuses an explicit GPU on a machine without one, and says why', async () => {
    const { code, stderr } = await up(['-d', '--variant', 'gpu']);
    assert.equal(code, 3);
    assert.match(stderr, /no NVIDIA GPU was found[\s\S]*fix:/);
  });

  it('diagnoses the machine, and its exit code says the worst', async () => {
    const { code, stdout } = await runLauncher(['doctor', '--json']).ended;
    const report = JSON.parse(stdout) as { status: string; checks: readonly { name: string; status: string }[] };
    assert.equal(report.checks.length, 13);
    assert.equal(['ok', 'warn', 'fail'][code ?? -1], report.status);
    assert.equal(report.checks.find(({ name }) => name === 'engine')?.status, 'ok');
    const wanted = await runLauncher(['doctor', '--variant', 'gpu']).ended;
    assert.equal(wanted.code, 2);
    assert.match(wanted.stdout, /fail {2}driver/);
  });
});
