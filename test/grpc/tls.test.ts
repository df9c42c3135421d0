import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { credentials, status, type ChannelCredentials } from '@grpc/grpc-js';
import { makeCertificate } from '../support/certificates.js';
import { callOf, createClient, failureOf, rawPair } from '../support/grpc.js';
import { sumAndDifference } from '../support/models.js';
import { folderWith, startProcess } from '../support/server-process.js';

const own = makeCertificate('own');
const buffers = (...texts: readonly string[]) => texts.map((text) => Buffer.from(text));

/** A server with these PEM files; its gRPC port, and how to write one again. */
async function serve(context: TestContext, files: Readonly<Record<string, string>>) {
  const folder = await folderWith(context, { name: 'm', graph: sumAndDifference });
  const flagOf: Readonly<Record<string, string>> = { cert: '--tls-cert', key: '--tls-key', ca: '--tls-client-ca' };
  const pathOf = (name: string) => join(folder, `.${name}`);
  const write = (name: string, text: string) => writeFile(pathOf(name), text);
  const flags = Object.keys(files).flatMap((name) => [flagOf[name] ?? '', pathOf(name)]);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const server = startProcess(context, '--models', folder, '--log-format', 'json', '--grpc-port', '0', ...flags);
  const port = Number(/"grpcAddress":"127\.0\.0\.1:(\d+)"/.exec(await server.until(/"started"/))?.[1]);
  return { server, port, write };
}

/** One inference over a connection of its own. */
async function infer(port: number, channel: ChannelCredentials): Promise<unknown> {
  const client = createClient(`localhost:${port}`, undefined, channel);
  try {
    return (await callOf(client, ['ModelInfer', rawPair(1)], { deadlineMs: 20_000 })).message['model_name'];
  } finally {
    client.close();
  }
}

const trusting = (ca: string) => credentials.createSsl(Buffer.from(ca));

describe('the gRPC port of a server with a certificate', () => {
  it('speaks TLS alone, and is believed by who knows the certificate', async (context) => {
    const { port } = await serve(context, { cert: own.cert, key: own.key });
    assert.equal(await infer(port, trusting(own.cert)), 'm');
    for (const channel of [trusting(makeCertificate('other').cert), credentials.createInsecure()]) {
      assert.equal((await failureOf(infer(port, channel))).code, status.UNAVAILABLE);
    }
  });

  it('lets in whose certificate one of its authorities signed, and nobody else', async (context) => {
    const authority = makeCertificate('authority');
    const { port } = await serve(context, { cert: own.cert, key: own.key, ca: authority.cert });
    const showing = ({ cert, key }: { cert: string; key: string }) => {
      const [ca, keyPem, chain] = buffers(own.cert, key, cert);
      return credentials.createSsl(ca, keyPem, chain);
    };
    assert.equal(await infer(port, showing(makeCertificate('client', authority))), 'm');
    for (const channel of [trusting(own.cert), showing(makeCertificate('client'))]) {
      assert.equal((await failureOf(infer(port, channel))).code, status.UNAVAILABLE);
    }
  });

  it('shows another certificate to new connections once its files hold one', async (context) => {
    const next = makeCertificate('next');
    const { server, port, write } = await serve(context, { cert: own.cert, key: own.key });
    const client = createClient(`localhost:${port}`, undefined, trusting(own.cert));
    context.after(() => client.close());
    await callOf(client, ['ModelInfer', rawPair(1)]);
    await write('key', next.key);
    await write('cert', next.cert);
    await server.until(/certificate reloaded/);
    assert.equal(await infer(port, trusting(next.cert)), 'm');
    assert.equal((await failureOf(infer(port, trusting(own.cert)))).code, status.UNAVAILABLE);
    assert.equal((await callOf(client, ['ModelInfer', rawPair(1)])).message['model_name'], 'm');
  });

  it('ends with its server, and does not wait for one that never began its handshake', async (context) => {
    const { server, port } = await serve(context, { cert: own.cert, key: own.key });
    const silent: Socket = connect(port, '127.0.0.1');
    context.after(() => silent.destroy());
    await once(silent, 'connect');
    assert.equal(await infer(port, trusting(own.cert)), 'm');
    const closed = once(silent, 'close');
    server.child.kill('SIGTERM');
    await closed;
    assert.deepEqual(await server.ended, [0, null]);
  });
});
