import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { AppError } from '../../src/errors.js';
import { readTls } from '../../src/server/access/tls.js';
import { createLog } from '../../src/server/log/log.js';
import { settingsOf } from '../../src/server/settings/args.js';
import { makeCertificate } from '../support/certificates.js';
import { temporaryFolder } from '../support/folder.js';
import { sumAndDifference } from '../support/models.js';
import { folderWith, startProcess } from '../support/server-process.js';
import { goodCall, sums } from './http/cases/case.js';

const m = { name: 'm', graph: sumAndDifference };
const own = makeCertificate('own');

/** A server with these files beside its models; its port, and how to write the files again. */
async function serve(context: TestContext, files: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  const folder = await folderWith(context, m);
  const pathOf = (name: string) => join(folder, `.${name}`);
  const write = (name: string, text: string) => writeFile(pathOf(name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const given = [
    '--tls-cert',
    pathOf('cert'),
    '--tls-key',
    pathOf('key'),
    ...flags.map((flag) => flag.replace('@', pathOf('ca'))),
  ];
  const server = startProcess(context, '--models', folder, '--log-format', 'json', ...given);
  const port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(await server.until(/"started"/))?.[1]);
  return { server, port, write };
}

interface Asked {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Common name of the certificate that the server showed. */
  readonly shown: string;
}

async function ask(
  port: number,
  path: string,
  options: RequestOptions & { readonly body?: string } = {},
): Promise<Asked> {
  const { body, ...tls } = options;
  const method = body === undefined ? 'GET' : 'POST';
  const sent = request({ host: '127.0.0.1', port, path, method, agent: false, rejectUnauthorized: false, ...tls });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  assert.ok(response.socket instanceof TLSSocket);
  const shown = String(response.socket.getPeerCertificate().subject.CN);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response), shown };
}

describe('a server with a certificate', () => {
  it('serves over TLS 1.2 and later, and is believed by who knows its certificate', async (context) => {
    const { port } = await serve(context, { cert: own.cert, key: own.key });
    const trusting = { ca: own.cert, rejectUnauthorized: true };
    sums(await ask(port, goodCall.path, { ...trusting, body: String(goodCall.body) }));
    await assert.rejects(ask(port, '/v2', { rejectUnauthorized: true }), /self-signed/);
    await assert.rejects(ask(port, '/v2', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }));
    await assert.rejects(fetch(`http://127.0.0.1:${port}/v2`));
    const foreign = { headers: { origin: 'https://evil.example' } };
    assert.equal((await ask(port, '/v2', foreign)).status, 403);
  });

  it('shows another one once its files hold a pair, and goes on with the one before while they do not', async (context) => {
    const next = makeCertificate('next');
    const { server, port, write } = await serve(context, { cert: own.cert, key: own.key });
    assert.equal((await ask(port, '/v2')).shown, 'own');
    await write('cert', next.cert);
    await server.until(/could not be reloaded/);
    assert.equal((await ask(port, '/v2')).shown, 'own');
    await write('key', next.key);
    await server.until(/certificate reloaded/);
    assert.equal((await ask(port, '/v2')).shown, 'next');
    await write('key', 'no key');
    await server.until(
      /could not be reloaded[^]*The file of --tls-key holds no private key that can be used.*could not be reloaded/,
    );
    assert.equal((await ask(port, '/v2')).shown, 'next');
    assert.doesNotMatch(server.text(), /PRIVATE/);
  });

  it('lets in whose certificate one of its authorities signed, and anybody to health', async (context) => {
    const authority = makeCertificate('authority');
    const [client, stranger] = [makeCertificate('client', authority), makeCertificate('client')];
    const files = { cert: own.cert, key: own.key, ca: authority.cert };
    const { port } = await serve(context, files, '--tls-client-ca', '@');
    sums(await ask(port, goodCall.path, { cert: client.cert, key: client.key, body: String(goodCall.body) }));
    for (const shown of [{}, { cert: stranger.cert, key: stranger.key }]) {
      for (const path of ['/v2', '/', '/metrics', '/v2/health/ready/', '/v2/health/live/../../models/m']) {
        assert.equal((await ask(port, path, shown)).status, 401, path);
      }
      assert.equal((await ask(port, goodCall.path, { ...shown, body: String(goodCall.body) })).status, 401);
      assert.equal((await ask(port, '/v2/health/ready', shown)).status, 200);
    }
  });

  it('gives up connections whose handshake does not end, or whose client leaves in it, and serves others', async (context) => {
    const limits = ['--headers-timeout', '500ms', '--max-connections', '4'];
    const { port } = await serve(context, { cert: own.cert, key: own.key }, ...limits);
    const halfHello = Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(32, 7)]);
    for (const sent of [Buffer.alloc(0), halfHello, Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
      const silent = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'));
      await Promise.all(
        silent.map((socket) => {
          socket.on('error', () => undefined).resume();
          if (sent.length > 0) socket.write(sent);
          return once(socket, 'close');
        }),
      );
      assert.equal((await ask(port, '/v2/health/live')).status, 200);
    }
    for (const round of [1, 2, 3]) {
      const leaving = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'));
      await Promise.all(
        leaving.map((socket) => {
          socket.on('error', () => undefined).end(halfHello);
          return once(socket, 'close');
        }),
      );
      assert.equal((await ask(port, '/v2/health/live')).status, 200, `round ${round}`);
    }
  });

  it('does not start with a key that belongs to another certificate, or with half of a pair', async (context) => {
    const folder = await folderWith(context, m);
    await writeFile(join(folder, '.cert'), own.cert);
    await writeFile(join(folder, '.key'), makeCertificate('other').key);
    const flags = ['--models', folder, '--tls-cert', join(folder, '.cert')];
    const wrong = startProcess(context, ...flags, '--tls-key', join(folder, '.key'));
    assert.deepEqual(await wrong.ended, [2, null]);
    assert.match(wrong.text(), /The key of --tls-key is not that of the certificate of --tls-cert: expected a pair/);
    const half = startProcess(context, ...flags);
    assert.deepEqual(await half.ended, [2, null]);
    assert.match(half.text(), /--tls-cert and --tls-key must be given together/);
  });

  it('says which of its files it cannot use', async () => {
    const log = createLog(settingsOf({}).log, { isTerminal: true, write: () => undefined });
    const folder = temporaryFolder('tls-');
    const locked = createPrivateKey(own.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    });
    const refusalOf = async (cert: string, key: string | Buffer, ca = own.cert): Promise<string> => {
      const at = { cert: join(folder, 'cert'), key: join(folder, 'key'), clientCa: join(folder, 'ca') };
      await Promise.all([writeFile(at.cert, cert), writeFile(at.key, key), writeFile(at.clientCa, ca)]);
      const refused = await readTls(at, log, AbortSignal.abort()).catch((thrown: unknown) => thrown);
      assert.ok(refused instanceof AppError);
      return refused.message;
    };
    for (const cert of ['', 'no certificate', own.cert.slice(0, 200), own.key])
      assert.match(
        await refusalOf(cert, own.key),
        /: The file of --tls-cert holds no certificate that can be used: expected PEM \(/,
      );
    for (const key of ['', 'no key', own.key.slice(0, 200), own.cert, locked])
      assert.match(
        await refusalOf(own.cert, key),
        /: The file of --tls-key holds no private key that can be used: expected PEM without a passphrase \(/,
      );
    assert.match(
      await refusalOf(own.cert, own.key, 'none'),
      /: The file of --tls-client-ca contains no certificate: expected PEM\./,
    );
    const broken = own.cert.replace(/\n.{4}/, '\n****');
    for (const [ca, which] of [
      [own.cert.slice(0, 200), '1 of 1'],
      [broken, '1 of 1'],
      [`# the first\n${own.cert}# the second\n${broken}`, '2 of 2'],
      [`${own.cert}${own.cert.slice(0, 300)}`, '2 of 2'],
    ] as const)
      assert.match(
        await refusalOf(own.cert, own.key, ca),
        new RegExp(`: Certificate ${which} in the file of --tls-client-ca cannot be used: expected PEM \\(`),
      );
  });
});
