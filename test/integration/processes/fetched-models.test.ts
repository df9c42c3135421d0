import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { breakOff, hexOf, sendFile, standIn } from '../../store/stand-in.js';
import { sumAndDifference } from '../../support/models.js';
import { startProcess, urlOf } from '../../support/server-process.js';

const bytes = Buffer.from(writeOnnx(sumAndDifference));

describe('a server whose models are kept elsewhere', () => {
  it('listens while they come, and serves them once all of them are there', async (context) => {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const { url } = await standIn(context, (one, response) => {
      void (one.method === 'HEAD' ? Promise.resolve() : held).then(() =>
        sendFile(one, response, { bytes, etag: `"${process.pid}"` }),
      );
    });
    const server = startProcess(
      context,
      '--models',
      `${url}/sums.onnx#sha256=${hexOf(bytes)}`,
      '--health-port',
      '0',
      '--log-format',
      'text',
    );
    await server.until(/fetching models/);
    letGo();
    const own = urlOf((await server.until(/ready/)).replace(url, ''));
    assert.match(server.text(), /models are here/);
    const answer = await fetch(`${own}/v2/models/sums`);
    assert.equal(answer.status, 200);
  });

  it('ends, saying why, where they cannot be had', async (context) => {
    const { url } = await standIn(context, (_one, response) => void response.writeHead(404).end());
    const server = startProcess(context, '--models', `${url}/sums.onnx`);
    const [code] = await server.ended;
    assert.equal(code, 4);
    assert.match(server.text(), /sums\.onnx was answered with 404/);
  });

  it('serves nothing of what came with another digest', async (context) => {
    const { url } = await standIn(context, (one, response) => sendFile(one, response, { bytes, etag: '"x"' }));
    const server = startProcess(context, '--models', `${url}/sums.onnx#sha256=${'0'.repeat(64)}`);
    const [code] = await server.ended;
    assert.notEqual(code, 0);
    assert.match(server.text(), /came with sha256/);
  });

  it('ends at once when it is told to while they come', async (context) => {
    const { url } = await standIn(context, (one, response) => {
      if (one.method === 'HEAD') sendFile(one, response, { bytes, etag: '"never"' });
      else breakOff(response, { bytes, after: 0, etag: '"never"', had: Promise.resolve() });
    });
    const server = startProcess(
      context,
      '--models',
      `${url}/never.onnx#sha256=${hexOf(bytes)}`,
      '--log-format',
      'text',
    );
    await server.until(/requested again/);
    server.child.kill('SIGTERM');
    const [code, signal] = await server.ended;
    // Before it listens it has no handler of its own yet.
    assert.ok(code === 0 || signal === 'SIGTERM', `${code} ${signal}`);
  });
});
