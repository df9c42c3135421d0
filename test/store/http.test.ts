import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { parseLocation } from '../../src/store/location.js';
import { homeOf, pull, stateFolder } from '../../src/store/pull.js';
import { externalModel } from '../repository/external-model.js';
import { temporaryFolder } from '../support/folder.js';
import { sumAndDifference } from '../support/models.js';
import { breakOff, events, hexOf, sendFile, standIn, worldWith, type Answer } from './stand-in.js';

const bytes = Buffer.from(writeOnnx(sumAndDifference));

async function pullFrom(
  context: TestContext,
  answer: (...call: readonly [...Parameters<Answer>, had: Promise<void>]) => void,
  given: { readonly hash?: string; readonly cache?: string } = {},
) {
  const told = events();
  const server = await standIn(context, (seen, response) => answer(seen, response, told.had));
  const cache = given.cache ?? temporaryFolder('store-');
  const { world, waits } = worldWith();
  const location = parseLocation(`${server.url}/models/net.onnx${given.hash ?? ''}`);
  const result = pull({ location, cache, world, events: told });
  return { ...server, cache, waits, told, location, world, result };
}

/** Nothing that is seen as models, and no state, is there. */
async function holdsNoModels(cache: string): Promise<void> {
  const names = await readdir(cache, { recursive: true });
  assert.deepEqual(
    names.filter((name) => name.endsWith('from.json') || name.endsWith('.onnx')),
    [],
  );
}

describe('a model of a file server', () => {
  it('arrives whole, private and once', async (context) => {
    const { result, seen, told, cache, location, world } = await pullFrom(
      context,
      (one, response) => sendFile(one, response, { bytes, etag: '"v1"' }),
      { hash: `#sha256=${hexOf(bytes)}` },
    );
    const pulled = await result;
    assert.deepEqual(await readFile(pulled.path), bytes);
    assert.deepEqual(pulled.files, [
      { path: 'net.onnx', sizeBytes: bytes.length, sha256: hexOf(bytes), verified: 'sha256' },
    ]);
    assert.equal(told.bytes.at(-1), bytes.length);
    assert.deepEqual(told.notes, []);
    assert.deepEqual(
      seen.map(({ method }) => method),
      ['HEAD', 'GET'],
    );
    assert.ok(seen.every(({ headers }) => headers['accept-encoding'] === 'identity'));
    const again = await pull({ location, cache, world, events: events() });
    assert.deepEqual([again.wasHere, again.path, seen.length], [true, pulled.path, 3]);
  });

  it('is gone on with from where a connection broke off, as long as it is the same file', async (context) => {
    let gets = 0;
    const { result, seen, waits, told } = await pullFrom(context, (one, response, had) => {
      if (one.method === 'GET' && gets++ < 1) {
        breakOff(response, { bytes, after: 40, etag: '"v1"', had });
        return;
      }
      sendFile(one, response, { bytes, etag: '"v1"' });
    });
    assert.deepEqual(await readFile((await result).path), bytes);
    const ranges = seen
      .filter(({ method }) => method === 'GET')
      .map(({ headers }) => [headers.range, headers['if-range']]);
    assert.deepEqual(ranges[1], ['bytes=40-', '"v1"']);
    assert.ok(waits.length === 1 && told.notes.some((note) => /requested again/.test(note)));
  });

  it('starts over where the server sends all of it again, or has a shorter one', async (context) => {
    for (const isShorter of [false, true]) {
      let gets = 0;
      const { result } = await pullFrom(context, (one, response, had) => {
        const first = { bytes: Buffer.alloc(bytes.length, 1), after: 30, etag: '"v1"', had };
        if (one.method === 'GET' && gets++ === 0) {
          breakOff(response, first);
          return;
        }
        if (one.headers.range !== undefined && isShorter)
          return void response.writeHead(416, { 'content-range': 'bytes */12' }).end();
        delete one.headers.range;
        sendFile(one, response, { bytes, etag: '"v1"' });
      });
      assert.deepEqual(await readFile((await result).path), bytes, `shorter: ${isShorter}`);
    }
  });

  it('that changes while it comes is never put together of two', async (context) => {
    let gets = 0;
    const { result, cache } = await pullFrom(context, (one, response, had) => {
      if (one.method === 'HEAD') {
        sendFile(one, response, { bytes, etag: '"v1"' });
        return;
      }
      if (gets++ === 0) {
        breakOff(response, { bytes: Buffer.alloc(bytes.length, 1), after: 30, etag: '"v1"', had });
        return;
      }
      sendFile(one, response, { bytes, etag: '"v2"' });
    });
    await assert.rejects(result, /was changed while it was being pulled/);
    await holdsNoModels(cache);
  });

  it('whose answer begins elsewhere than it was asked to is not used', async (context) => {
    let gets = 0;
    const { result, cache } = await pullFrom(context, (one, response, had) => {
      if (one.method === 'GET' && gets++ === 0) {
        breakOff(response, { bytes, after: 30, etag: '"v1"', had });
        return;
      }
      if (one.method === 'HEAD') {
        sendFile(one, response, { bytes, etag: '"v1"' });
        return;
      }
      response.writeHead(206, { 'content-range': `bytes 20-${bytes.length - 1}/${bytes.length}` });
      response.end(bytes.subarray(20));
    });
    await assert.rejects(result, /asked for from byte 30 on, and the answer begins at 20/);
    await holdsNoModels(cache);
  });

  it('that comes with another digest is thrown away, and serves nobody', async (context) => {
    const { result, cache } = await pullFrom(
      context,
      (one, response) => sendFile(one, response, { bytes: Buffer.from([...bytes.subarray(1), 0]), etag: '"v1"' }),
      { hash: `#sha256=${hexOf(bytes)}` },
    );
    await assert.rejects(result, new RegExp(`net.onnx came with sha256 [0-9a-f]{64}, expected ${hexOf(bytes)}`));
    await holdsNoModels(cache);
  });

  it('that is no model is not kept for the next pull, which fetches it anew', async (context) => {
    const junk = Buffer.from(bytes.toReversed());
    let isBroken = true;
    const { result, cache, location, world, seen } = await pullFrom(context, (one, response) =>
      sendFile(one, response, { bytes: isBroken ? junk : bytes, etag: '"v1"' }),
    );
    await assert.rejects(result, { code: 'MODEL_INVALID' });
    assert.deepEqual(await readdir(homeOf(cache, location)), []);
    isBroken = false;
    const pulled = await pull({ location, cache, world, events: events() });
    assert.deepEqual(await readFile(pulled.path), bytes);
    assert.equal(seen.at(-1)?.headers.range, undefined);
  });

  it('that ends too early again and again is given up, and goes on at the next pull', async (context) => {
    let isBroken = true;
    const { result, waits, cache, location, world, seen } = await pullFrom(context, (one, response, had) => {
      if (one.method === 'HEAD' || !isBroken) {
        sendFile(one, response, { bytes, etag: '"v1"' });
        return;
      }
      if (one.headers.range !== undefined) return void response.destroy();
      breakOff(response, { bytes, after: 50, etag: '"v1"', had });
    });
    await assert.rejects(result, { code: 'SERVER_UNREACHABLE' });
    assert.deepEqual(waits, [1000, 2000, 4000, 8000]);
    await holdsNoModels(cache);
    isBroken = false;
    const pulled = await pull({
      location,
      cache,
      world: { ...world, self: { host: 'here', pid: 8 } },
      events: events(),
    });
    assert.deepEqual(await readFile(pulled.path), bytes);
    assert.equal(seen.at(-1)?.headers.range, 'bytes=50-');
  });

  it('that another process is fetching is fetched beside it', async (context) => {
    const cache = temporaryFolder('store-');
    const { location, result, seen } = await (async () => {
      const started = await pullFrom(context, (one, response) => sendFile(one, response, { bytes, etag: '"v1"' }), {
        cache,
      });
      return started;
    })();
    await result;
    const { world } = worldWith({ isRunning: (pid) => pid === 99, self: { host: 'here', pid: 8 } });
    const other = parseLocation(`${location.shown}#sha256=${hexOf(bytes)}`);
    const home = homeOf(cache, other);
    const state = stateFolder(home, hexOf(bytes)).slice(home.length + 1);
    const theirs = join(home, `.${state}.here.99.part`, 'files');
    await mkdir(theirs, { recursive: true });
    await writeFile(join(theirs, 'net.onnx.part'), bytes.subarray(0, 60));
    await pull({ location: other, cache, world, events: events() });
    assert.equal(seen.at(-1)?.headers.range, undefined);
    assert.deepEqual(await readFile(join(theirs, 'net.onnx.part')), bytes.subarray(0, 60));
  });

  it('brings the weights that it keeps in files beside it', async (context) => {
    const weights = Buffer.from(Float32Array.of(1, -2, 3e30, 0).buffer);
    const graph = Buffer.from(externalModel('parts/net data.bin'));
    const { result, seen } = await pullFrom(context, (one, response) =>
      sendFile(one, response, { bytes: one.url.endsWith('.onnx') ? graph : weights, etag: '"v1"' }),
    );
    const pulled = await result;
    assert.deepEqual(
      pulled.files.map(({ path }) => path),
      ['net.onnx', 'parts/net data.bin'],
    );
    assert.equal(seen.at(-1)?.url, '/models/parts/net%20data.bin');
  });

  it('refuses, asks for a login, or is not there: each is told, with what to do', async (context) => {
    for (const [status, code, words] of [
      [401, 'UNAUTHORIZED', /netrc/],
      [404, 'NOT_FOUND', /Check the address/],
      [410, 'NOT_FOUND', /410/],
      [418, 'REQUEST_FAILED', /418/],
    ] as const) {
      const { result, cache } = await pullFrom(context, (_one, response) => void response.writeHead(status).end('no'));
      await assert.rejects(
        result,
        (error: Error & { code?: string }) => error.code === code && words.test(error.message),
        String(status),
      );
      await holdsNoModels(cache);
    }
  });

  it('that does not answer is served as it came last, and says so; a refusal is not', async (context) => {
    let status = 0;
    const { result, cache, location, world } = await pullFrom(context, (one, response) => {
      if (status > 0) return void response.writeHead(status).end();
      sendFile(one, response, { bytes, etag: '"v1"' });
    });
    const first = await result;
    status = 503;
    const told = events();
    const again = await pull({ location, cache, world, events: told });
    assert.deepEqual([again.path, again.wasHere], [first.path, true]);
    assert.match(told.notes.join(' '), /503.*files that were fetched from .*net\.onnx at 2023-11-14T/);
    status = 403;
    await assert.rejects(pull({ location, cache, world, events: told }), { code: 'UNAUTHORIZED' });
  });

  it('is asked for with the name and password of the address or of ~/.netrc, which a redirect to another host does not get', async (context) => {
    const far = await standIn(context, (one, response) => sendFile(one, response, { bytes, etag: '"v1"' }));
    const near = await standIn(
      context,
      (_one, response) =>
        void response.writeHead(307, { location: `${far.url.replace('127.0.0.1', 'localhost')}/x` }).end(),
    );
    const { world } = worldWith({
      files: { '/home/me/.netrc': 'machine other login a password b\nmachine 127.0.0.1\n login me password s3cret' },
    });
    await pull({
      location: parseLocation(`${near.url}/net.onnx`),
      cache: temporaryFolder('store-'),
      world,
      events: events(),
    });
    const basic = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;
    assert.ok(near.seen.every(({ headers }) => headers.authorization === basic));
    assert.ok(far.seen.length > 0 && far.seen.every(({ headers }) => headers.authorization === undefined));
  });
});
