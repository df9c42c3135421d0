import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { imageLabels } from '../../../src/launch/labels.js';
import { lowerCase, putModel } from '../../support/models.js';
import { addressOf, docker, evaluateInside, run, waitUntilHealthy } from '../docker-cli.js';
import { nodeBase } from '../stand-in.js';
import { startLoad } from './stop-load.js';
import { openTestEngine } from '../support.js';

const engine = await openTestEngine(nodeBase);
const tag = randomUUID().slice(0, 8);
const image = `slipway-test-${tag}:cpu`;
const name = (what: string): string => `slipway-test-${tag}-${what}`;
const folder = await mkdtemp(join(tmpdir(), 'slipway-images-'));
const hardened = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

/** Largest cpu image, uncompressed, in MB. */
const budgetMb = 205;

const build = (...flags: readonly string[]): Promise<string> =>
  docker('build', '--file', 'docker/Dockerfile.cpu', '--tag', image, ...flags, '.');
const layers = (): Promise<string> => docker('image', 'inspect', '--format', '{{json .RootFS.Layers}}', image);

describe('the cpu image', { skip: engine.skip }, () => {
  before(() => build());
  after(async () => {
    const left = (await docker('ps', '--all', '--quiet', '--filter', `name=slipway-test-${tag}`)).split('\n');
    if (left[0] !== '') await docker('rm', '--force', '--volumes', ...left);
    await docker('image', 'rm', '--force', image);
    await rm(folder, { recursive: true, force: true });
  });

  it('is within its budget, by layer', async (test) => {
    const { code, stdout } = await run('docker/size.sh', [image, String(budgetMb)]);
    test.diagnostic(stdout);
    assert.equal(code, 0, stdout);
    assert.equal((await run('docker/size.sh', [image, '50'])).code, 1);
  });

  it('comes out the same, layer by layer, when its stages are run again', async () => {
    const first = await layers();
    await build('--no-cache-filter', 'build,app,node,ort-npm,ort,sbom');
    assert.equal(await layers(), first);
  });

  it('says what it holds by labels', async () => {
    const text = await docker('image', 'inspect', '--format', '{{json .Config.Labels}}', image);
    const labels = JSON.parse(text) as Record<string, string>;
    assert.equal(labels[imageLabels.variant], 'cpu');
    assert.match(labels[imageLabels.ortVersion] ?? '', /^1\.\d+\.\d+$/);
    assert.equal(labels['org.opencontainers.image.licenses'], 'MIT');
  });

  it('lists what it holds in /app/sbom.json: every package of npm and Debian that is there, Node.js and ONNX Runtime', async () => {
    const inside = (...command: readonly string[]): Promise<string> =>
      docker('run', '--rm', '--entrypoint', command[0] ?? '', image, ...command.slice(1));
    const { components } = JSON.parse(await inside('cat', '/app/sbom.json')) as {
      readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
    };
    const versionOf = (start: string): string | undefined =>
      components.find(({ purl }) => purl.startsWith(start))?.version;
    assert.equal(`v${versionOf('pkg:generic/node@')}`, await inside('node', '--version'));
    const labels = await docker('image', 'inspect', '--format', '{{json .Config.Labels}}', image);
    assert.equal(
      versionOf('pkg:generic/onnxruntime@'),
      (JSON.parse(labels) as Record<string, string>)[imageLabels.ortVersion],
    );
    assert.match(versionOf('pkg:generic/vips@') ?? '', /^8\./);
    const listed = (start: string): readonly string[] =>
      components
        .filter(({ purl }) => purl.startsWith(start))
        .map(({ name }) => name)
        .sort();
    const packages = (await inside('ls', '/var/lib/dpkg/status.d')).split('\n').sort();
    assert.deepEqual([listed('pkg:deb/debian/'), packages.includes('tini')], [packages, true]);
    const find = `const { readdirSync: list, existsSync } = require('fs');
      const walk = (at) => list(at).flatMap((name) => name.startsWith('@') ? walk(at + '/' + name) : [
        ...(existsSync(at + '/' + name + '/package.json') ? [(at + '/' + name).replace(/.*node_modules./, '')] : []),
        ...(existsSync(at + '/' + name + '/node_modules') ? walk(at + '/' + name + '/node_modules') : [])]);
      console.log(JSON.stringify(walk('/app/node_modules').sort()));`;
    assert.deepEqual(listed('pkg:npm/'), JSON.parse(await inside('node', '-e', find)));
  });

  it('answers bash and sh, as people type them after docker exec -it NAME', async () => {
    for (const shell of ['bash', 'sh']) {
      const said = await docker(
        'run',
        '--rm',
        '--entrypoint',
        shell,
        image,
        '-c',
        'echo "$((6 * 7))"; id -u; ls /app/models',
      );
      assert.match(said, /^42\n1000\n[\s\S]*digits/);
    }
  });

  it('serves with a read-only root, no capability, no network and nobody as its user, and infers to prove its health', async (test) => {
    const container = name('hard');
    const startedMs = performance.now();
    await docker('run', '--detach', '--name', container, ...hardened, '--network', 'none', image);
    await waitUntilHealthy(container);
    test.diagnostic(`from docker run to healthy: ${((performance.now() - startedMs) / 1000).toFixed(2)} s`);
    const log = await run('docker', ['logs', container]);
    const ready = /ready in ([\d.]+) s = .*/.exec(log.stdout + log.stderr);
    assert.ok(ready, log.stdout + log.stderr);
    // Its own addresses mean nothing outside, and where it is published it does not know: it names neither.
    assert.match(log.stderr, /^Slipway \S+ +port 8000 of this container; launch ps or docker port shows where/m);
    assert.doesNotMatch(log.stdout + log.stderr, /https?:\/\/|\b(127|172|0)\.\d+\.\d+\.\d+/);
    test.diagnostic(ready[0]);

    const count = `const text = await (await fetch('http://127.0.0.1:8000/v2/models/stats')).text();
      return JSON.parse(text).model_stats.reduce((sum, model) => sum + model.inference_count, 0);`;
    const before = await evaluateInside<number>(container, count);
    await docker('exec', container, '/usr/local/bin/node', '/app/docker/healthcheck.cjs');
    assert.equal(await evaluateInside<number>(container, count), before + 1);

    assert.equal(await docker('exec', container, 'id', '-u'), '1000');
    const found = await docker(
      'exec',
      container,
      'find',
      '/tmp',
      '-name',
      '*onnxruntime.db',
      '-o',
      '-name',
      'mat-debug*',
    );
    assert.equal(found, '');
    const looseOrOwn = ['(', '-perm', '-2', '-o', '-user', '1000', ')'];
    const writable = await docker('exec', container, 'find', '/app', '/srv', '/usr', '!', '-type', 'l', ...looseOrOwn);
    assert.equal(writable, '');
    await docker('stop', container);
    assert.equal(await docker('inspect', '--format', '{{.State.ExitCode}}', container), '0');
  });

  it('has slipway with its commands: in a server that runs, and as what docker run names', async () => {
    const container = name('commands');
    await docker('run', '--detach', '--name', container, ...hardened, image);
    await waitUntilHealthy(container);
    const seven = ['--json', '/app/models/digits/samples/7.png'];
    const slipway = ['exec', container, 'slipway'];
    assert.match(await docker(...slipway, 'predict', '-m', 'digits', ...seven), /"predictions":\[\{"label":"7"/);
    const measured = await docker(...slipway, 'bench', '-m', 'digits', '--clients', '2', '--seconds', '1', '--json');
    assert.match(measured, /"clients": 2,\s+"requestsPerSecond": [1-9][^]*"failed": 0\s/);
    const alone = (...command: readonly string[]) => run('docker', ['run', '--rm', ...hardened, image, ...command]);
    const once = await alone('predict', '--models', '/app/models/digits', ...seven);
    assert.match(once.stdout, /"predictions":\[\{"label":"7"/, once.stderr);
    const { code, stderr } = await alone('predict', ...seven);
    assert.match(
      `${code} ${stderr}`,
      /^3 .*No server answers at http:\/\/127\.0\.0\.1:8000 in this container\. Name one/,
    );
    assert.match((await alone('inspect', '/app/models/digits')).stdout, /^digits\/1 /);
  });

  it('serves the models under /srv/models or /srv; its own where nothing is mounted, never in place of a mount', async () => {
    const [own, bare, empty] = [join(folder, 'own'), join(folder, 'bare'), join(folder, 'empty')];
    await cp('models/digits', join(own, 'models', 'mine'), { recursive: true });
    await cp('models/digits', join(bare, 'direct'), { recursive: true });
    await mkdir(join(empty, 'models'), { recursive: true });
    await writeFile(join(empty, 'models', '.gitkeep'), '');
    for (const [what, at, expected] of [
      ['own', own, ['mine']],
      ['bare', bare, ['direct']],
      ['bundled', undefined, ['anomaly', 'digit-boxes', 'digits']],
      ['empty', empty, []],
    ] as const) {
      const container = name(what);
      const volume = at === undefined ? [] : ['--volume', `${at}:/srv:ro`];
      await docker('run', '--detach', '--name', container, ...hardened, ...volume, image);
      await waitUntilHealthy(container);
      const names = await evaluateInside<string[]>(
        container,
        `const answer = await fetch('http://127.0.0.1:8000/v2/repository/index', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
         return (await answer.json()).map(({ name }) => name).sort();`,
      );
      assert.deepEqual(names, expected);
    }
    const { stderr } = await run('docker', ['logs', name('empty')]);
    assert.match(stderr, /\/srv is mounted, but holds no model, so none is served\. Expected NAME\/model\.onnx/);
  });

  it('handles text as scikit-learn exports it, by the letters of the locale en_US.UTF-8', async () => {
    const repository = join(folder, 'text', 'models');
    await putModel(repository, { name: 'lower', graph: lowerCase });
    const container = name('text');
    await docker(
      'run',
      '--detach',
      '--name',
      container,
      ...hardened,
      '--volume',
      `${join(folder, 'text')}:/srv:ro`,
      image,
    );
    await waitUntilHealthy(container);
    const texts = await evaluateInside<string[]>(
      container,
      `const inputs = [{ name: 'X', shape: [3], datatype: 'BYTES', data: ['ÀÉ Foo', 'STRASSE', 'Ωmega'] }];
       const answer = await fetch('http://127.0.0.1:8000/v2/models/lower/infer', { method: 'POST', body: JSON.stringify({ inputs }) });
       return (await answer.json()).outputs[0].data;`,
    );
    assert.deepEqual(texts, ['àé foo', 'strasse', 'ωmega']);
  });

  it('is unhealthy when its models are, and takes flags after its name', async () => {
    const container = name('sick');
    await docker('run', '--detach', '--name', container, image, '--require-gpu', '--port', '8000');
    await waitUntilLogged(container, /not ready/);
    const check = await run('docker', ['exec', container, '/usr/local/bin/node', '/app/docker/healthcheck.cjs']);
    assert.equal(check.code, 1);
    assert.match(check.stdout, /not ready: .*GPU/);
    await docker('rm', '--force', container);
  });

  it('loses no request when it is stopped under load, with a second server to go on', async (test) => {
    const [container, other] = [name('load'), name('other')];
    // A busy machine's server refuses what would wait too long, which is no loss by the stop: this one lets all wait.
    const patient = join(folder, 'patient', 'models', 'anomaly');
    await cp('models/anomaly', patient, { recursive: true });
    const config = JSON.parse(await readFile(join(patient, 'model.json'), 'utf8')) as { batching?: object };
    const batching = { ...config.batching, maxQueueMs: 0 };
    await writeFile(join(patient, 'model.json'), JSON.stringify({ ...config, batching }));
    const mount = ['--volume', `${join(folder, 'patient')}:/srv:ro`];
    for (const each of [container, other])
      await docker('run', '--detach', '--name', each, ...hardened, ...mount, image);
    for (const each of [container, other]) await waitUntilHealthy(each);
    const [host, next] = [await addressOf(container), await addressOf(other)];
    const load = startLoad([host, next], 16);
    const answeredBy = (address: string): number => load.count.answered.get(address) ?? 0;
    await waitFor(() => answeredBy(host) > 300);
    const atStop = answeredBy(host);
    await docker('stop', container);
    await waitFor(() => answeredBy(next) > 300 || load.count.failed.length > 0);
    await load.stop();
    test.diagnostic(
      `${answeredBy(host)} answered by the stopped server (${answeredBy(host) - atStop} after docker stop), ` +
        `${answeredBy(next)} by the other, ${load.count.failed.length} failed`,
    );
    assert.deepEqual(load.count.failed, []);
    assert.equal(load.count.moved, 16);
    assert.equal(await docker('inspect', '--format', '{{.State.ExitCode}}', container), '0');
  });
});

async function waitFor(isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!isDone()) {
    if (performance.now() > deadline) throw new Error('the load did not come so far within a minute');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function waitUntilLogged(container: string, pattern: RegExp): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const { stdout, stderr } = await run('docker', ['logs', container]);
    if (pattern.test(stdout + stderr)) return;
    if (performance.now() > deadline) throw new Error(`${container} never said ${pattern.source}:\n${stdout}${stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
