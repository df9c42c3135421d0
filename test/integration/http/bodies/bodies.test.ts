import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createRandom } from '../../../../src/tensor/random.js';
import { identity, sumAndDifference } from '../../../support/models.js';
import { RawClient, type RawAnswer } from '../../../support/raw-client.js';
import { openTestServer, type TestServer } from '../../../support/server.js';

const random = createRandom(23);
const limitBytes = 4 * 2 ** 20;

/** A request of one FP32 row, and the elements that have to come back. */
interface Sample {
  readonly head: string;
  readonly json: Buffer;
  readonly values: Buffer;
}

/** `lead` blanks move the tensor's bytes to every place that alignment knows. */
function sampleOf(elements: number, lead: number): Sample {
  const values = Buffer.from(Float32Array.from({ length: elements }, () => (random() - 0.5) * 1e6).buffer);
  const input = { name: 'X', datatype: 'FP32', shape: [1, elements], parameters: { binary_data_size: values.length } };
  const text = JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } });
  const json = Buffer.from(' '.repeat(lead) + text);
  return { head: `inference-header-content-length: ${json.length}\r\n`, json, values };
}

function requestOf({ head, json, values }: Sample, framing = `content-length: ${json.length + values.length}`): string {
  return `POST /v2/models/f/infer HTTP/1.1\r\nhost: x\r\n${head}${framing}\r\n\r\n`;
}

function elementsOf({ status, head, body }: RawAnswer): Buffer {
  assert.equal(status, 200, body.toString('utf8', 0, 300));
  return body.subarray(Number(/^inference-header-content-length: (\d+)$/im.exec(head)?.[1]));
}

function* pieces(bytes: Buffer, next: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + next());
    yield bytes.subarray(at, end);
    at = end;
  }
}

const goodRequest = 'GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n';

const chunk = (bytes: Uint8Array) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
const lastChunk = '0\r\n\r\n';

describe('bodies', () => {
  let opened: TestServer & { stop(): Promise<void> };
  before(async () => {
    opened = await openTestServer({
      flags: ['--max-body-bytes', String(limitBytes), '--request-memory', '24M'],
      models: [
        { name: 'f', graph: identity('FP32', ['batch', 'n']), config: { batching: { maxRows: 8 } } },
        { name: 'm', graph: sumAndDifference },
      ],
    });
  });
  after(() => opened.stop());

  const open = (context: TestContext): RawClient => {
    const client = new RawClient(opened.url);
    context.after(() => client.close());
    return client;
  };

  /** Nothing is held once every client is answered or gone. */
  const untilNothingIsHeld = async (): Promise<void> => {
    while (opened.server.memory.usedBytes > 0) await new Promise(setImmediate);
  };

  it('give the same tensors however they are cut, of a known length and in chunks, at every alignment', async (context) => {
    const client = open(context);
    for (const [elements, most] of [
      [3, 1],
      [50, 1],
      [5000, 700],
      [5000, 8192],
      [230_400, 100_000],
    ] as const) {
      for (const lead of [0, 1, 2, 3, 5, 8]) {
        const sample = sampleOf(elements, lead);
        const body = Buffer.concat([sample.json, sample.values]);
        const next = () => 1 + Math.floor(random() * most);
        await client.write(requestOf(sample), ...pieces(body, next));
        assert.deepEqual(elementsOf(await client.read()), sample.values);
        const cut = [...pieces(body, next)];
        await client.write(requestOf(sample, 'transfer-encoding: chunked'), ...cut.map(chunk), lastChunk);
        assert.deepEqual(elementsOf(await client.read()), sample.values);
      }
    }
    await untilNothingIsHeld();
  });

  it('may be cut between the headers and at any byte of them', async (context) => {
    const client = open(context);
    const sample = sampleOf(20_000, 1);
    const all = Buffer.concat([Buffer.from(requestOf(sample)), sample.json, sample.values]);
    const end = all.indexOf('\r\n\r\n');
    for (const at of [1, 20, end, end + 1, end + 3, end + 4, end + 5, end + 4 + sample.json.length]) {
      await client.write(all.subarray(0, at), all.subarray(at));
      assert.deepEqual(elementsOf(await client.read()), sample.values);
    }
  });

  it('follow each other on one connection, sent ahead of the answers, and are answered in their order', async (context) => {
    const client = open(context);
    const samples = [5000, 3, 70_000, 16_384, 4096, 1].map((elements) => sampleOf(elements, 1));
    const parts = samples.flatMap((sample) => [Buffer.from(requestOf(sample)), sample.json, sample.values]);
    void client.write(...pieces(Buffer.concat(parts), () => 30_000));
    for (const { values } of samples) assert.deepEqual(elementsOf(await client.read()), values);
    await untilNothingIsHeld();
  });

  it('of many clients at the same time do not mix, in shared runs neither', async (context) => {
    const one = async (client: RawClient): Promise<void> => {
      for (const elements of [5000, 5000, 20_000, 5000, 40_000]) {
        const sample = sampleOf(elements, Math.floor(random() * 8));
        await client.write(requestOf(sample), sample.json, sample.values);
        assert.deepEqual(elementsOf(await client.read()), sample.values);
      }
    };
    await Promise.all(Array.from({ length: 12 }, () => one(open(context))));
    await untilNothingIsHeld();
  });

  it('are asked for with 100 Continue where the client waits for it, and the connection goes on', async (context) => {
    const client = open(context);
    for (const elements of [6000, 100_000, 100_000]) {
      const sample = sampleOf(elements, 0);
      await client.write(requestOf(sample).replace('host: x', 'host: x\r\nexpect: 100-continue'));
      assert.equal((await client.read()).status, 100);
      await client.write(sample.json, sample.values);
      assert.deepEqual(elementsOf(await client.read()), sample.values);
    }
    const { json, values, ...sample } = sampleOf(6000, 0);
    const framing = 'expect: 100-continue\r\ntransfer-encoding: chunked';
    await client.write(requestOf({ json, values, ...sample }, framing));
    assert.equal((await client.read()).status, 100);
    await client.write(chunk(json), chunk(values), lastChunk);
    assert.deepEqual(elementsOf(await client.read()), values);
  });

  it('of HTTP/1.0 are answered, and the connection is closed', async (context) => {
    const client = open(context);
    const sample = sampleOf(6000, 3);
    await client.write(requestOf(sample).replace('HTTP/1.1', 'HTTP/1.0'), sample.json, sample.values);
    assert.deepEqual(elementsOf(await client.read()), sample.values);
    await assert.rejects(client.read(), /^Error: closed after $/);
  });

  it('that end early, or whose client leaves in the middle of body or answer, leave nothing held', async (context) => {
    const sample = sampleOf(200_000, 1);
    const gone = Array.from({ length: 20 }, async (_, n) => {
      const client = open(context);
      await client.write(requestOf(sample), sample.json, sample.values.subarray(0, (n % 4) * 266_000));
      client.close();
    });
    await Promise.all(gone);
    const short = open(context);
    await short.write(requestOf(sample), sample.json);
    short.socket.end();
    assert.equal((await short.read()).status, 400);
    const next = open(context);
    await next.write(requestOf(sample), sample.json, sample.values);
    assert.deepEqual(elementsOf(await next.read()), sample.values);
    await untilNothingIsHeld();
  });

  it('longer than they say are no longer for it: what follows is a request, or refused as one', async (context) => {
    const client = open(context);
    const sample = sampleOf(6000, 0);
    await client.write(requestOf(sample), sample.json, sample.values, goodRequest, '\x00\x01 surplus\r\n\r\n');
    const answers = [await client.read()];
    while (answers.at(-1)?.status === 200) answers.push(await client.read());
    assert.equal(answers.at(-1)?.status, 400);
    for (const answer of answers.slice(0, 1)) {
      if (answer.status === 200) assert.deepEqual(elementsOf(answer), sample.values);
    }
  });

  it('above the limit are refused: at once where they say so, else when they pass it', async (context) => {
    const said = open(context);
    await said.write(`POST /v2/models/f/infer HTTP/1.1\r\nhost: x\r\ncontent-length: ${limitBytes + 1}\r\n\r\n`);
    assert.equal((await said.read()).status, 413);
    const chunked = open(context);
    await chunked.write('POST /v2/models/f/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    const piece = chunk(Buffer.alloc(60_000, ' '));
    for (let sent = 0; sent <= limitBytes; sent += 60_000) await chunked.write(piece);
    assert.equal((await chunked.read()).status, 413);
    await untilNothingIsHeld();
  });

  it('for a model that is not there are refused before they come, and the connection serves on', async (context) => {
    const client = open(context);
    const sample = sampleOf(50_000, 0);
    await client.write(requestOf(sample).replace('models/f', 'models/none'));
    assert.equal((await client.read()).status, 404);
    assert.equal(opened.server.memory.usedBytes, 0);
    await client.write(sample.json, sample.values, requestOf(sample), sample.json, sample.values);
    assert.deepEqual(elementsOf(await client.read()), sample.values);
  });

  it('in chunks of one byte hold what their bytes explain', async (context) => {
    const client = open(context);
    await client.write('POST /v2/models/m/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    const block = Buffer.concat(Array.from({ length: 10_000 }, () => chunk(Buffer.from(' '))));
    for (let sent = 0; sent < 30; sent++) await client.write(block);
    await client.write(chunk(Buffer.from('{}')));
    while (opened.server.memory.usedBytes < 300_000) await new Promise(setImmediate);
    assert.ok(opened.server.memory.usedBytes <= 600_000, String(opened.server.memory.usedBytes));
    await client.write(lastChunk);
    assert.equal((await client.read()).status, 400);
    await untilNothingIsHeld();
  });

  it('that are held open are refused with 503 once all requests together hold what they may, and make room when they go', async (context) => {
    const held: RawClient[] = [];
    const big = sampleOf(950_000, 0);
    const statuses: number[] = [];
    for (let n = 0; n < 9; n++) {
      const client = open(context);
      held.push(client);
      await client.write(requestOf(big), big.json, big.values.subarray(0, -1));
      void client.read().then(
        ({ status, body }) => {
          statuses.push(status);
          assert.match(body.toString(), /requests hold \d+ of the 25165824 that they may hold together/);
        },
        () => undefined,
      );
    }
    while (statuses.length < 3) await new Promise(setImmediate);
    assert.deepEqual(statuses, [503, 503, 503]);
    const { memory } = opened.server;
    assert.ok(memory.usedBytes <= memory.limitBytes);
    for (const client of held) client.close();
    await untilNothingIsHeld();
    const client = open(context);
    await client.write(requestOf(big), big.json, big.values);
    assert.deepEqual(elementsOf(await client.read()), big.values);
  });

  it('that unfold are counted as they unfold', async (context) => {
    const bomb = gzipSync(Buffer.alloc(30 * 2 ** 20));
    const ask = async (): Promise<RawAnswer> => {
      const client = open(context);
      const head = `content-encoding: gzip\r\ncontent-length: ${bomb.length}`;
      await client.write(`POST /predictions/m HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n`, bomb);
      return client.read();
    };
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    for (const { status } of answers) assert.ok(status === 413 || status === 503, String(status));
    await untilNothingIsHeld();
  });

  it('leaves no failure of its own in the log', () => {
    assert.deepEqual(opened.lines, []);
  });
});
