import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Launched } from '../../../src/launch/session/outcome.js';
import * as installation from '../../install/installation.js';
import { docker, run } from '../docker-cli.js';
import { nodeBase } from '../stand-in.js';
import { openTestEngine } from '../support.js';

const engine = await openTestEngine(nodeBase);
const obstacle = engine.skip === false ? await installation.findObstacle() : undefined;
if (obstacle !== undefined && process.env['REQUIRE_ENGINE'] === '1') throw new Error(obstacle);
const skip = engine.skip === false ? (obstacle ?? false) : engine.skip;
const image = `slipway-test:packed-${process.pid}`;
const name = `slipway-test-packed-${process.pid}`;

describe('the installed package', { skip }, () => {
  let folder = '';
  let launch = '';

  before(async () => {
    folder = await installation.openFolder('packed');
    const tarball = await installation.packCheckout(folder);
    const prefix = join(folder, 'prefix');
    const env = await installation.bareShell(folder);
    await installation.runNpm(['install', '--global', '--prefix', prefix, tarball], { env, cwd: folder });
    launch = join(prefix, 'bin/launch');
  });
  after(async () => {
    await run('docker', ['rm', '--force', name]);
    await run('docker', ['image', 'rm', '--force', image, `${image}-checkout`]);
    await rm(folder, { recursive: true, force: true });
  });

  it('builds the cpu image from its own files as a checkout does, and starts a server of it', async () => {
    const built = await run(launch, ['build', '--variant', 'cpu', '--tag', image]);
    assert.equal(built.code, 0, built.stderr.slice(-3000));
    await docker('build', '--file', 'docker/Dockerfile.cpu', '--tag', `${image}-checkout`, '.');
    const layersOf = (ref: string) => docker('image', 'inspect', '--format', '{{json .RootFS.Layers}}', ref);
    assert.equal(await layersOf(image), await layersOf(`${image}-checkout`));
    const asked = ['--variant', 'cpu', '--image', image, '--name', name, '--publish', '127.0.0.1::8000', '--detach'];
    const started = await run(launch, [...asked, '--json']);
    assert.equal(started.code, 0, started.stderr);
    const { url = '' } = JSON.parse(started.stdout) as Launched;
    const body = await readFile('models/digits/samples/7.png');
    const answer = await fetch(`${url}/predictions/digits`, { method: 'POST', body });
    assert.equal(((await answer.json()) as { predictions: { label: string }[] }).predictions[0]?.label, '7');
  });
});
