import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { ServerFacts } from '../../../src/launch/fleet/server.js';
import { temporaryFolder } from '../../support/folder.js';
import { runLaunch, type CliRun } from '../../support/launch-cli.js';
import { docker } from '../docker-cli.js';
import { nodeBase } from '../stand-in.js';
import { openTestSwarm } from './open-swarm.js';
import { underLoad, type SwarmLoad } from './swarm-load.js';

const swarm = await openTestSwarm(nodeBase);
const tag = randomUUID().slice(0, 8);
const image = `slipway-test-${tag}:cpu`;
const name = `swarm-${tag}`;
const folder = temporaryFolder('swarm-');
const env = { SLIPWAY_STATE_DIR: folder };

const launch = async (...args: readonly string[]): Promise<CliRun> => runLaunch(args, { env });
/** A line that must succeed. */
const done = async (...args: readonly string[]): Promise<CliRun> => {
  const run = await launch(...args);
  assert.equal(run.code, 0, `launch ${args.join(' ')}\n${run.stderr}${run.stdout}`);
  return run;
};
// Ports of nodes and addresses of replicas: neither needs IPVS, which Swarm's ingress does.
const flags = [
  '--swarm',
  '--name',
  name,
  '--image',
  image,
  '--cpus',
  '0.45',
  '-m',
  '512m',
  '--watch',
  '1s',
  '--parallelism',
  '2',
];
const up = (...more: readonly string[]): Promise<CliRun> => launch('up', ...flags, '--publish-mode', 'host', ...more);

async function facts(): Promise<ServerFacts> {
  const all = JSON.parse((await done('ps', '--json')).stdout) as readonly ServerFacts[];
  const found = all.find((server) => server.name === name);
  assert.ok(found, 'launch ps lists the service');
  return found;
}

/** The names by which replicas know themselves. */
async function serverNames(): Promise<readonly string[]> {
  const ports = ((await facts()).replicas ?? []).flatMap((replica) => replica.ports);
  const answers = ports.map(async ({ hostIp = '', hostPort = 0 }) =>
    (await fetch(`http://${hostIp}:${hostPort}/v2`)).json(),
  );
  return (await Promise.all(answers)).map((answer) => (answer as { readonly name: string }).name);
}

function report(test: TestContext, { answered, failed, replicas }: SwarmLoad): void {
  test.diagnostic(`${answered} answered by ${replicas.length} replicas, ${failed.length} failed ${failed.join(', ')}`);
  assert.ok(answered > 0);
}

describe('a service of a Swarm', { skip: swarm.skip, concurrency: false }, () => {
  const load = (action: () => Promise<void>) => underLoad({ name, network: name, image }, action);
  before(async () => {
    await docker('build', '--quiet', '--file', 'docker/Dockerfile.cpu', '--tag', image, '.');
  });
  after(async () => {
    await launch('rm', '-f', name);
    await docker('image', 'rm', '--force', image);
    await swarm.close();
  });

  it('is created whole, each replica healthy, hardened and listed', async () => {
    const { code, stdout, stderr } = await up('--replicas', '1', '--json', '--', '--server-name', 'first');
    assert.equal(code, 0, stderr);
    const launched = JSON.parse(stdout) as { replicas: number; models: readonly string[]; devices: readonly string[] };
    assert.deepEqual([launched.replicas, launched.devices], [1, ['cpu']]);
    assert.ok(launched.models.includes('anomaly'));
    const { state, replicas = [] } = await facts();
    assert.equal(state, '1 of 1 replicas run');
    assert.deepEqual(
      replicas.map((replica) => [replica.name, replica.state]),
      [[`${name}.1`, 'running']],
    );
    const inside = await done(
      'exec',
      `${name}.1`,
      'sh',
      '-c',
      'id -u; touch /tmp/x && echo written; touch /app/x 2>&1; grep -E "^(CapEff|NoNewPrivs):" /proc/1/status',
    );
    assert.match(inside.stdout, /^1000\nwritten\n.*Read-only file system\nCapEff:\s+0{16}\nNoNewPrivs:\s+1\n$/);
  });

  it('is found again by the same line, and only its number changes by scale', async () => {
    const { stderr } = await up('--', '--server-name', 'first');
    assert.match(stderr, /is already running with the same options/);
    assert.match((await done('scale', `${name}=2`)).stdout, /2 of 2 replicas run/);
    assert.match((await launch('rollback', name)).stderr, new RegExp(`number of replicas.*launch scale ${name}=1`));
  });

  it('changes its version and goes back to the former one without one failed request', async (test) => {
    const updated = await load(async () => {
      await done('up', ...flags, '--publish-mode', 'host', '--', '--server-name', 'second');
      assert.deepEqual(await serverNames(), ['second', 'second']);
    });
    report(test, updated);
    assert.deepEqual(updated.failed, []);
    assert.ok(updated.replicas.length >= 4, 'two replicas of each version answered');
    const back = await load(async () => {
      assert.match((await done('rollback', name)).stdout, /2 of 2 replicas run/);
      assert.deepEqual(await serverNames(), ['first', 'first']);
    });
    report(test, back);
    assert.deepEqual(back.failed, []);
  });

  it('keeps serving where a new version ends by itself, takes it back, and says what it wrote', async (test) => {
    const counts = await load(async () => {
      const { code, stderr } = await up('--', '--models', '/nowhere');
      assert.equal(code, 6, stderr);
      assert.match(stderr, /keeps its previous version.*ended with exit code 4/);
      assert.match(stderr, /\/nowhere cannot be read/);
    });
    report(test, counts);
    assert.deepEqual(counts.failed, []);
    assert.deepEqual(await serverNames(), ['first', 'first']);
  });

  it('gets another replica for one that is killed, and its callers lose no more than was under way there', async (test) => {
    const before = (await facts()).replicas?.map(({ sinceMs }) => sinceMs) ?? [];
    const counts = await load(async () => {
      await done('kill', `${name}.1`);
      // The Swarm is asked for what it has: it returns once two run.
      const isReplaced = async (): Promise<boolean> => {
        const { state, replicas = [] } = await facts();
        return state.startsWith('2 of 2') && replicas.some(({ sinceMs }) => !before.includes(sinceMs));
      };
      while (!(await isReplaced()));
    });
    report(test, counts);
    // Four clients, each with one request under way; a name is told for a moment after its replica is gone.
    assert.ok(
      counts.failed.every((text) => /ECONNRESET|ECONNREFUSED|EHOSTUNREACH|EPIPE|ETIMEDOUT/.test(text)),
      counts.failed.join(),
    );
    assert.equal(new Set(counts.failed.map((text) => text.split(':')[0])).size <= 1, true, 'of one replica alone');
  });

  it('is given keys and settings by the Swarm, which keeps those of its former version', async () => {
    await writeFile(join(folder, 'settings.json'), '{"server-name": "configured"}');
    const withKeys = async (key: string): Promise<void> => {
      await writeFile(join(folder, 'keys'), `me:admin:${key}\n`);
      await done(
        'up',
        ...flags,
        '--publish-mode',
        'host',
        '--keys-file',
        join(folder, 'keys'),
        '--config-file',
        join(folder, 'settings.json'),
      );
    };
    for (const key of ['first-key-0123456789', 'second-key-0123456789']) await withKeys(key);
    const [port] = ((await facts()).replicas ?? []).flatMap((replica) => replica.ports);
    const ask = (key: string) =>
      fetch(`http://${port?.hostIp ?? ''}:${port?.hostPort ?? 0}/v2`, { headers: { 'x-api-key': key } });
    assert.equal((await ask('first-key-0123456789')).status, 401);
    const answer = await ask('second-key-0123456789');
    assert.equal(((await answer.json()) as { readonly name: string }).name, 'configured');
    const secrets = (await docker('secret', 'ls', '--filter', `label=slipway.service=${name}`, '--quiet')).split('\n');
    assert.equal(secrets.length, 2, 'of this version and of the one that rollback goes back to');
  });

  it('shows what all replicas wrote, each line with the name of its replica', async () => {
    const { stdout } = await done('logs', name);
    for (const replica of [1, 2])
      assert.match(stdout, new RegExp(`^${name}\\.${replica} \\| .*"message":"started"`, 'm'));
    const lines = (await done('logs', '--json', '-t', name)).stdout.trim().split('\n');
    for (const line of lines) {
      const { name: who, line: text } = JSON.parse(line) as { name: string; line: string };
      assert.match(who, new RegExp(`^${name}\\.[12]$`));
      assert.match(text, /^\d{4}-\d\d-\d\dT\S+Z /);
    }
  });

  it('is stopped, started and removed by name, with its network, secrets and configs', async () => {
    assert.match((await launch('rm', name)).stderr, /runs 2 replicas\. Stop it first, or add -f/);
    assert.match((await launch('kill', name)).stderr, /A Swarm replaces what is killed/);
    assert.match((await launch('exec', name, 'true')).stderr, new RegExp(`name one.*${name}\\.1, ${name}\\.2`));
    await done('stop', name);
    assert.equal(await docker('ps', '--quiet', '--filter', `name=${name}`), '', 'stop waits until they have drained');
    await done('start', name);
    assert.match((await done('scale', `${name}=1`)).stdout, /1 of 1 replicas run/);
    await done('rm', '-f', name);
    const left = ['service', 'network', 'secret', 'config'].map((kind) =>
      docker(kind, 'ls', '--quiet', '--filter', `name=${name}`),
    );
    assert.deepEqual(await Promise.all(left), ['', '', '', '']);
  });

  it('is removed again where its first replica ends, with what that wrote and the exit code of a launch', async () => {
    const { code, stderr } = await up('--', '--models', '/nowhere');
    assert.equal(code, 6, stderr);
    assert.match(stderr, /does not start: .*ended with exit code 4[^]*\/nowhere cannot be read/);
    assert.equal(await docker('service', 'ls', '--quiet', '--filter', `name=${name}`), '');
  });
});
