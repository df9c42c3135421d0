import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from '../../../src/client/index.js';
import { makeCertificate } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/folder.js';
import { runLaunch } from '../../support/launch-cli.js';
import { docker, run } from '../docker-cli.js';
import { nodeBase } from '../stand-in.js';
import { openTestEngine } from '../support.js';

const engine = await openTestEngine(nodeBase);
const hasCompose = engine.skip === false && (await run('docker', ['compose', 'version'])).code === 0;
if (engine.skip === false && !hasCompose && process.env['REQUIRE_ENGINE'] === '1')
  throw new Error('docker compose is missing');
const skip = engine.skip === false ? (hasCompose ? false : 'needs docker compose') : engine.skip;
const tag = String(process.pid);
const image = `slipway-test-compose:${tag}`;

describe('an exported Compose file', { skip }, () => {
  const folder = temporaryFolder('compose-');
  const file = join(folder, 'compose.yaml');
  const compose = (...words: readonly string[]): Promise<string> => docker('compose', '--file', file, ...words);

  before(() => docker('build', '--file', 'docker/Dockerfile.cpu', '--tag', image, '.'));
  after(async () => {
    await docker('image', 'rm', '--force', image);
    await rm(folder, { recursive: true, force: true });
  });

  /** Exports, starts and waits until Docker calls all healthy; ends them with the test. */
  async function start(test: { after: (end: () => Promise<unknown>) => void }, args: readonly string[]): Promise<void> {
    const exported = await runLaunch(['export', 'compose', '--image', image, '-o', file, ...args]);
    assert.equal(exported.code, 0, exported.stderr);
    test.after(() => compose('down', '--volumes'));
    await compose('up', '--detach', '--wait');
  }

  it('starts servers side by side that reach each other by name', async (test) => {
    const own = join(folder, 'own');
    await cp('models/digits', join(own, 'models', 'mine'), { recursive: true });
    const project = `slipway-test-${tag}-two`;
    await start(test, [`first=${own}`, 'second', '--project', project, '--port', '18431']);
    const script = `fetch('http://second:8000/v2/models/anomaly/ready').then(({ status }) => console.log(status))`;
    assert.equal(await compose('exec', '--no-TTY', 'first', '/usr/local/bin/node', '-e', script), '200');
    const answer = await fetch('http://127.0.0.1:18431/v2/models/mine/ready');
    assert.equal(answer.status, 200);
    const ours = await runLaunch(['ps', '--json']);
    assert.match(ours.stdout, new RegExp(`${project}-first`));
  });

  it('starts one with TLS and gRPC, healthy by its own check, and both ports are reached', async (test) => {
    const certs = join(folder, 'certs');
    await mkdir(certs, { recursive: true });
    const { cert, key } = makeCertificate('compose');
    await writeFile(join(certs, 'tls.crt'), cert);
    await writeFile(join(certs, 'tls.key'), key);
    const tls = ['-e', 'SLIPWAY_TLS_CERT=/certs/tls.crt', '-e', 'SLIPWAY_TLS_KEY=/certs/tls.key'];
    const project = `slipway-test-${tag}-tls`;
    const place = ['--project', project, '--port', '18441', '--mount', `${certs}:/certs:ro`];
    await start(test, ['one', ...place, ...tls, '--', '--grpc-port', '18442']);
    const server = await connect({ url: 'https://127.0.0.1:18441', tls: { ca: cert } });
    test.after(() => server.close());
    assert.equal(await server.isReady(), true);
    const socket = connectSocket(18442, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    const { stdout } = await runLaunch(['ps', '--json']);
    assert.match(stdout, new RegExp(`${project}-one`));
    const log = await run('docker', ['compose', '--file', file, 'logs', 'one']);
    assert.match(log.stdout, /gRPC +port 18442 of this container/);
  });
});
