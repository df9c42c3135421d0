import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { parseLocation, type S3Location } from '../../src/store/location.js';
import type { Bucket } from '../../src/store/s3/client.js';
import { listObjects } from '../../src/store/s3/objects.js';
import { failureOf, readAnswer, readBody, readJson } from '../../src/store/transfer/ask.js';
import { upload } from '../../src/store/transfer/upload.js';

/** An answer that goes on for ever, and how many bytes of it were taken; `said` is its beginning. */
function endless(said: string, status: number) {
  const taken = { bytes: 0, isGivenUp: false };
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = taken.bytes === 0 ? Buffer.from(said.padEnd(1 << 20)) : Buffer.alloc(1 << 20, 0x20);
      taken.bytes += chunk.length;
      controller.enqueue(chunk);
    },
    cancel() {
      taken.isGivenUp = true;
    },
  });
  return { response: new Response(source, { status }), taken };
}

describe('what a place answers beside files', () => {
  it('is refused, and given up, where it is larger than any such answer', async () => {
    const { response, taken } = endless('{"token":"x"}', 200);
    await assert.rejects(readAnswer(response, 'The token'), {
      code: 'REQUEST_FAILED',
      message: /^The token was answered with more than 33554432 bytes/,
    });
    assert.ok(taken.isGivenUp && taken.bytes <= 35 << 20, `${taken.bytes} bytes were taken`);
  });

  it('is quoted by its beginning where it says why it failed, and not read on', async () => {
    const { response, taken } = endless('{"message":"out of order"}', 500);
    const { code, message } = await failureOf(response, 'The place', '');
    assert.deepEqual(
      [code, message],
      ['SERVER_UNREACHABLE', 'The place was answered with 500 (out of order). Try again later.'],
    );
    assert.ok(taken.isGivenUp && taken.bytes <= 3 << 20, `${taken.bytes} bytes were taken`);
  });

  it('is a connection that broke off where nothing more of it comes for long, and is given up', async () => {
    let isGivenUp = false;
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Uint8Array.of(1, 2)),
      cancel: () => void (isGivenUp = true),
    });
    const seen: number[] = [];
    const reading = (async () => {
      for await (const chunk of readBody(new Response(source), 'net.onnx', 20)) seen.push(...chunk);
    })();
    const message = 'The connection broke off while net.onnx came.';
    await assert.rejects(reading, { code: 'SERVER_UNREACHABLE', message });
    assert.deepEqual([seen, isGivenUp], [[1, 2], true]);
  });

  it('comes to the bytes themselves, of every length, and to an object or an empty one', async () => {
    for (const length of [0, 1, 2000, 2001, 3 << 20]) {
      const bytes = Buffer.alloc(length, 0xef);
      assert.deepEqual(await readAnswer(new Response(bytes), 'It'), bytes);
    }
    assert.deepEqual(await readJson(new Response('{"a":[1]}'), 'It'), { a: [1] });
    for (const text of ['', '[1]', 'null', '{"a"', '<html>'])
      assert.deepEqual(await readJson(new Response(text), 'It'), {});
  });

  it('is waited for no longer than a limit where a file was sent and nothing comes back', async (context) => {
    const server = createServer((socket) => void socket.resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const body = Readable.from([Buffer.from('weights')]);
    await assert.rejects(
      upload(new URL(`http://127.0.0.1:${port}/x`), { headers: {}, sizeBytes: 7, body, silenceMs: 50 }),
      { code: 'SERVER_UNREACHABLE', message: /broke off while it was sent a file: it was silent for 0.05 s/ },
    );
  });
});

/** What a bucket lists that answers with these pages, again and again. */
function listed(...pages: readonly string[]) {
  let asked = 0;
  const ask = () => Promise.resolve(new Response(pages[asked++ % pages.length]));
  return listObjects({ ask, identity: 'AKID' } as unknown as Bucket, '', parseLocation('s3://bucket/m') as S3Location);
}

describe('the listing of a hostile bucket', () => {
  it('is read in linear time, its damaged entities as they are', async () => {
    const entry = '<Contents><Key>a&#1114112;&#x41;&lt;</Key><Size>1</Size></Contents>';
    const [first, ...others] = await listed(`${entry}${'<Contents>'.repeat(50_000)}`);
    assert.deepEqual(first, { key: 'a&#1114112;A<', sizeBytes: 1, etag: '' });
    assert.deepEqual([others.length, others[0]], [50_000, { key: '', sizeBytes: NaN, etag: '' }]);
  });

  it('is refused where a key cannot be decoded, and where its pages have no end', async () => {
    const damaged = '<EncodingType>url</EncodingType><Contents><Key>%zz</Key></Contents>';
    await assert.rejects(listed(damaged), /has the key "%zz", which cannot be decoded/);
    const more = (token: number) =>
      `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`;
    const objects = '<Contents><Key>x</Key></Contents>'.repeat(30_000);
    await assert.rejects(listed(`${more(1)}${objects}`, `${more(2)}${objects}`), /lists more than 100000 objects/);
  });
});
