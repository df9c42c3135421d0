import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findFreePort } from '../../../bench/targets/free-port.js';
import { buildImage } from '../../../src/launch/docker/build.js';
import { runLaunch } from '../../support/launch-cli.js';
import { openTestEngine, shellImage } from '../support.js';

const engine = await openTestEngine();
const name = `slipway-test-${randomUUID().slice(0, 8)}`;
const folder = await mkdtemp(join(tmpdir(), 'slipway-build-test-'));
const files = ['keep.txt', 'drop.log', 'deep/keep.log', 'deep/drop.log', 'secret/key', 'secret/public', '.hidden'];

/** Without the docker CLI on PATH, which leaves the engine's classic builder. */
const bareEnv = { PATH: folder };

before(async () => {
  for (const file of files) {
    await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(join(folder, file), file);
  }
  await writeFile(
    join(folder, '.dockerignore'),
    '# logs\n**/*.log\n!deep/keep.log\nsecret\n!secret/public\n/.hid*\nDockerfile\n',
  );
  await writeFile(
    join(folder, 'Dockerfile'),
    `FROM ${shellImage}\nARG WHO=nobody\nLABEL who=$WHO\nCOPY . /data\nRUN cd /data && find . -type f | sort > /list\nCMD ["cat", "/list"]\n`,
  );
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
  for (const { id, tags } of (await engine.docker?.images.list()) ?? []) {
    if (tags.some((tag) => tag.includes(name))) await engine.docker?.images.remove(id, { force: true });
  }
});

describe('images on a real engine', { skip: engine.skip }, () => {
  if (engine.docker === undefined) return;
  const { docker } = engine;
  const request = (tag: string) => ({
    context: folder,
    dockerfile: join(folder, 'Dockerfile'),
    tags: [`${name}:${tag}`],
    buildArgs: { WHO: 'me' },
    labels: { 'slipway.managed': 'true' },
  });

  /** The files that an image's context brought. */
  async function listFiles(image: string): Promise<readonly string[]> {
    const id = await docker.containers.create({ Image: image, Labels: { 'slipway.test': name } });
    const waiting = docker.containers.wait(id, 'next-exit');
    await docker.containers.start(id);
    await waiting;
    let text = '';
    for await (const { data } of docker.containers.logs(id)) text += data.toString();
    await docker.containers.remove(id);
    return text.trim().split('\n');
  }

  it('come out the same from buildx and from the classic builder, .dockerignore included', async (test) => {
    const lines: string[] = [];
    const classic = await buildImage(request('classic'), { docker, env: bareEnv, onLine: (line) => lines.push(line) });
    assert.match(classic, /^sha256:/);
    assert.ok(
      lines.some((line) => line.startsWith('Step 1/')),
      lines.join('\n'),
    );
    assert.equal((await docker.images.inspect(classic)).labels['who'], 'me');
    const expected = ['./deep/keep.log', './keep.txt', './secret/public'];
    assert.deepEqual(
      (await listFiles(classic)).filter((file) => file !== './.dockerignore' && file !== './Dockerfile'),
      expected,
    );
    lines.length = 0;
    const buildx = await buildImage(request('buildx'), {
      docker,
      env: process.env,
      onLine: (line) => lines.push(line),
    });
    if (!lines.some((line) => line.startsWith('#1 '))) {
      test.diagnostic('no docker buildx on PATH: compared with itself');
    }
    assert.equal((await docker.images.inspect(buildx)).labels['slipway.managed'], 'true');
    assert.deepEqual(
      (await listFiles(buildx)).filter((file) => file !== './.dockerignore' && file !== './Dockerfile'),
      expected,
    );
  });

  it('that cannot be built say which step failed', async () => {
    await writeFile(join(folder, 'Broken'), `FROM ${shellImage}\nRUN echo clue-$((40+2)) && exit 9\n`);
    const broken = { ...request('broken'), dockerfile: join(folder, 'Broken') };
    for (const env of [process.env, bareEnv]) {
      const lines: string[] = [];
      const building = buildImage(broken, { docker, env, onLine: (line) => lines.push(line) });
      await assert.rejects(building, { code: 'BUILD_FAILED', message: /exit 9/ });
      assert.match(lines.join('\n'), /clue-42/);
    }
  });

  it('are built, tagged, listed, pushed to a registry with credentials, pulled and removed by the commands', async (test) => {
    const registry = await startRegistry();
    if (registry === undefined) {
      test.skip('needs the program docker-registry');
      return;
    }
    try {
      const target = `127.0.0.1:${registry.port}/team/${name}:1`;
      const built = await runLaunch(['build', '-f', join(folder, 'Dockerfile'), '-t', `${name}:cli`, '--json']);
      assert.equal(built.code, 0, built.stderr);
      assert.deepEqual((JSON.parse(built.stdout) as { tags: string[] }).tags, [`${name}:cli`]);
      assert.equal((await runLaunch(['tag', `${name}:cli`, target])).code, 0);
      assert.match((await runLaunch(['images'])).stdout, new RegExp(`team/${name}:1 `));
      const refused = await runLaunch(['push', target], { env: { DOCKER_CONFIG: join(folder, 'nobody') } });
      assert.equal(refused.code, 125);
      assert.match(refused.stderr, /no basic auth credentials|unauthorized/);
      const auth = Buffer.from('me:secret').toString('base64');
      const auths = { [`127.0.0.1:${registry.port}`]: { auth } };
      await writeFile(join(folder, 'config.json'), JSON.stringify({ auths }));
      const pushed = await runLaunch(['push', target], { env: { DOCKER_CONFIG: folder } });
      assert.equal(pushed.code, 0, pushed.stderr);
      assert.equal((await runLaunch(['rmi', '-f', target])).code, 0);
      await assert.rejects(docker.images.inspect(target), { code: 'IMAGE_MISSING' });
      const credentials = { username: 'me', password: 'secret', serveraddress: target };
      await docker.images.pull(target, { auth: credentials });
      assert.equal((await docker.images.inspect(target)).labels['slipway.managed'], 'true');
      const absent = docker.images.pull(target.replace(/1$/, '2'), { auth: credentials });
      await assert.rejects(absent, { code: 'IMAGE_MISSING' });
    } finally {
      await registry.stop();
    }
  });
});

/** User `me` with the password `secret`, as htpasswd -B writes it. */
const account = 'me:$2b$04$n9eGKxHMEFO7M.ByJsm8HeePaK4K08TSzHuLpGyCk1Y/aqPYi/RFe';

/** A registry for that one user on a free loopback port, keeping all in memory; undefined where the program is missing. */
async function startRegistry(): Promise<{ port: number; stop(): Promise<void> } | undefined> {
  const port = await findFreePort();
  const [config, users] = [join(folder, 'registry.yml'), join(folder, 'users')];
  await writeFile(users, `${account}\n`);
  await writeFile(
    config,
    `version: 0.1\nstorage: {inmemory: {}}\nhttp: {addr: "127.0.0.1:${port}"}\nauth: {htpasswd: {realm: test, path: ${users}}}\n`,
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const started = await new Promise<boolean>((resolve) => {
    child.on('error', () => resolve(false));
    child.stderr.on('data', (data: Buffer) => {
      if (/listening on/.test(data.toString())) resolve(true);
    });
  });
  if (!started) return undefined;
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { port, stop };
}
