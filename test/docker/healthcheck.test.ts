import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeCertificate } from '../support/certificates.js';
import { sumAndDifference } from '../support/models.js';
import { folderWith, startProcess } from '../support/server-process.js';
import { serveFor } from '../support/server.js';

const folder = await mkdtemp(join(tmpdir(), 'slipway-health-'));
const keys = join(folder, 'keys');
await writeFile(keys, '# the first is ours\n  secret-of-ours-1  # not this\nother-secret-2\n');

/** Runs the health check; answers its exit code and what it printed. */
function check(
  env: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, ['docker/healthcheck.cjs', ...flags], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, text })));
}

describe('the health check', () => {
  let port = '';
  let server: ReturnType<typeof spawn>;
  before(async () => {
    const flags = ['--port', '0', '--base-path', '/ml', '--api-keys-file', keys, '--log-format', 'text'];
    server = spawn(process.execPath, ['dist/src/server/main.js', ...flags, '--cache-dir', folder]);
    let log = '';
    await new Promise<void>((resolve, reject) => {
      server.stderr?.on('data', (part: Buffer) => {
        log += part.toString();
        if (/ready in/.test(log)) resolve();
      });
      server.on('exit', () => reject(new Error(log)));
    });
    port = /:(\d+)\/ml/.exec(log)?.[1] ?? '';
  });
  after(async () => {
    server.removeAllListeners('exit');
    const ended = new Promise((resolve) => server.on('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  });

  const settings = () => ({ SLIPWAY_PORT: port, SLIPWAY_BASE_PATH: '/ml', SLIPWAY_API_KEYS_FILE: keys });

  async function countInferences(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${port}/ml/v2/models/stats`, {
      headers: { 'x-api-key': 'other-secret-2' },
    });
    const { model_stats } = (await answer.json()) as { model_stats: { inference_count: number }[] };
    return model_stats.reduce((sum, model) => sum + model.inference_count, 0);
  }

  it('infers once on a real server, with its key, prefix and port', async () => {
    const before = await countInferences();
    assert.deepEqual(await check(settings()), { code: 0, text: '' });
    assert.equal(await countInferences(), before + 1);
    assert.deepEqual(await check({ ...settings(), SLIPWAY_HEALTH_MODEL: 'digits' }), { code: 0, text: '' });
    assert.equal(await countInferences(), before + 2);
  });

  it('fails with a sentence where nothing answers, or nothing is ready', async () => {
    const nobody = await check({ ...settings(), SLIPWAY_PORT: '1' });
    assert.equal(nobody.code, 1);
    assert.match(nobody.text, /^no answer at 127\.0\.0\.1:1: .*ECONNREFUSED/);
    const elsewhere = await check({ ...settings(), SLIPWAY_BASE_PATH: '/other' });
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.text, /^not ready: .*Not found/i);
  });

  it('asks over TLS, and as the flags of the server say where it was given those', async (context) => {
    const own = makeCertificate('own');
    const files = { '.cert': own.cert, '.key': own.key };
    const models = await folderWith(context, { name: 'm', graph: sumAndDifference });
    for (const [name, text] of Object.entries(files)) await writeFile(join(models, name), text);
    const [cert, key] = [join(models, '.cert'), join(models, '.key')];
    const tls = ['--tls-cert', cert, `--tls-key=${key}`];
    const process = startProcess(context, '--models', models, '--log-format', 'json', '--base-path=/ml', ...tls);
    const tlsPort = /https:\/\/127\.0\.0\.1:(\d+)/.exec(await process.until(/"started"/))?.[1] ?? '';
    const env = { SLIPWAY_PORT: tlsPort, SLIPWAY_BASE_PATH: '/ml', SLIPWAY_TLS_CERT: cert };
    assert.deepEqual(await check(env), { code: 0, text: '' });
    assert.deepEqual(await check({}, `--port=${tlsPort}`, '--base-path', '/ml', ...tls), { code: 0, text: '' });
    assert.equal((await check({ SLIPWAY_PORT: tlsPort, SLIPWAY_BASE_PATH: '/ml' })).code, 1);
  });

  it('fails where nothing listens at the port for gRPC that the server was given', async (context) => {
    const served = await serveFor(context, { models: [{ name: 'm', graph: sumAndDifference }] });
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port: grpc } = closed.address() as AddressInfo;
    const env = { SLIPWAY_PORT: new URL(served.url).port, SLIPWAY_GRPC_PORT: String(grpc) };
    assert.deepEqual(await check(env), { code: 0, text: '' });
    closed.close();
    await once(closed, 'close');
    const failed = await check(env);
    assert.equal(failed.code, 1);
    assert.match(failed.text, /^no answer at the port for gRPC: .*ECONNREFUSED/);
  });

  it('passes beside a model that failed for good, and fails where all have', async (context) => {
    const broken = { name: 'broken', graph: sumAndDifference, config: { colour: 'red' } };
    const some = await serveFor(context, { models: [{ name: 'm', graph: sumAndDifference }, broken] });
    const none = await serveFor(context, { models: [broken] });
    const portOf = ({ url }: { readonly url: string }) => ({ SLIPWAY_PORT: new URL(url).port });
    assert.deepEqual(await check(portOf(some)), { code: 0, text: '' });
    const failed = await check(portOf(none));
    assert.equal(failed.code, 1);
    assert.match(failed.text, /^not ready: .*"state":"failed".*colour/);
  });

  it('asks the port for health where there is one, whatever the server does beside it, and infers nothing', async () => {
    const answers = new Map<string, readonly [number, string]>();
    const asked: string[] = [];
    const health = createHttpServer(({ url = '' }, response) => {
      asked.push(url);
      const [status, body] = answers.get(url) ?? [404, ''];
      response.writeHead(status).end(body);
    }).listen(0, '127.0.0.1');
    await once(health, 'listening');
    const { port: healthPort } = health.address() as AddressInfo;
    // Nothing listens at the server's own port: a thread that is busy answers nothing there either.
    const env = { SLIPWAY_PORT: '1', SLIPWAY_BASE_PATH: '/ml', SLIPWAY_HEALTH_PORT: String(healthPort) };
    const outcomeOf = async (ready: readonly [number, string], live: readonly [number, string]) => {
      answers.set('/ml/v2/health/ready', ready).set('/ml/v2/health/live', live);
      const { code, text } = await check(env);
      return `${code} ${text}`;
    };
    const degraded = [503, '{"ready":false,"state":"degraded","reasons":[]}'] as const;
    const [live, hung] = [[200, '{"live":true}'] as const, [503, '{"live":false,"error":"silent"}'] as const];
    assert.equal(await outcomeOf([200, '{"ready":true}'], hung), '0 ');
    assert.equal(await outcomeOf(degraded, live), '0 ');
    assert.match(await outcomeOf(degraded, hung), /^1 not alive: .*silent/);
    assert.match(await outcomeOf([503, '{"ready":false,"state":"starting"}'], live), /^1 not ready: .*starting/);
    assert.ok(
      asked.every((url) => url.startsWith('/ml/v2/health/')),
      asked.join(),
    );
    health.close();
    await once(health, 'close');
    const gone = await check({ ...env });
    assert.equal(gone.code, 1);
    assert.match(gone.text, new RegExp(`^no answer at 127\\.0\\.0\\.1:${healthPort}: .*ECONNREFUSED`));
  });
});
