import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type Settings } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import type { ServiceClientConstructor } from '@grpc/grpc-js';
import { openGrpc, openStream, type GrpcServer } from '../../support/grpc.js';
import { identity } from '../../support/models.js';

const model = { name: 'same', graph: identity('INT32', ['rows']), config: { batching: { maxRows: 0 } } };

/** Numbers that no other message has. */
const numbers = (seed: number, rows: number) =>
  Buffer.from(Int32Array.from({ length: rows }, (_, at) => (seed << 20) ^ (at % 2 === 0 ? at : -at)).buffer);
const message = (seed: number, rows: number) => ({
  model_name: 'same',
  id: String(seed),
  inputs: [{ name: 'X', datatype: 'INT32', shape: [rows] }],
  raw_input_contents: [numbers(seed, rows)],
});
const rawOf = (answer: unknown) => (answer as { raw_output_contents: Buffer[] }).raw_output_contents[0];
/** From a few bytes to more than the widest window, so that pieces of all lie in the same buffers. */
const sizes = [1, 900, 3_000, 4_096, 30_000, 70_000, 300_000];

describe('large messages over gRPC', () => {
  let grpc: GrpcServer;
  before(async () => (grpc = await openGrpc({ models: [model] })));
  after(async () => {
    await grpc.close();
    assert.equal(grpc.server.server.memory.usedBytes, 0);
  });

  const connection = async (settings = {}): Promise<ClientHttp2Session> => {
    const session = connect(`http://${grpc.server.server.grpcAddress ?? ''}`, { settings });
    await once(session, 'remoteSettings');
    return session;
  };

  it('keep their own elements beside others of every size on one connection', async () => {
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 21 }, async (_, seed) => {
          const rows = sizes[(seed + round) % sizes.length] ?? 1;
          const { message: answer } = await grpc.infer(message(seed, rows));
          assert.ok(rawOf(answer)?.equals(numbers(seed, rows)), `message ${seed} of ${rows}`);
        }),
      );
    }
  });

  it('keep them in a stream that is written faster than it is read', async () => {
    const stream = openStream(grpc.client);
    const asked = Array.from({ length: 28 }, (_, seed) => [seed, sizes[seed % sizes.length] ?? 1] as const);
    for (const [seed, rows] of asked) stream.write(message(seed, rows));
    const answers: (Buffer | undefined)[] = [];
    stream.on('data', ({ infer_response: answer }: Record<string, unknown>) => answers.push(rawOf(answer)));
    stream.end();
    await once(stream, 'end');
    assert.deepEqual(
      answers.map((bytes, at) => bytes?.equals(numbers(...(asked[at] ?? [0, 0])))),
      asked.map(() => true),
    );
  });

  it('give back what they hold where the client leaves in the middle of an answer, and disturb no other call', async () => {
    const session = await connection();
    const { service } = grpc.client.constructor as ServiceClientConstructor;
    const body = service['ModelInfer']?.requestSerialize(message(5, 300_000)) ?? Buffer.alloc(0);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(body.length, 1);
    for (let round = 0; round < 5; round++) {
      const call = ask(session);
      call.on('error', () => undefined).end(Buffer.concat([prefix, body]));
      const [headers] = (await once(call, 'response')) as [Record<string, string>];
      assert.equal(headers['grpc-status'], undefined, headers['grpc-message']);
      await once(call, 'readable');
      assert.ok(grpc.server.server.memory.usedBytes > body.length);
      call.close(constants.NGHTTP2_CANCEL);
      await once(call, 'close');
      const { message: answer } = await grpc.infer(message(round, 300_000));
      assert.ok(rawOf(answer)?.equals(numbers(round, 300_000)));
    }
    session.destroy();
  });

  it('have a wide window while few calls are open on their connection, and else no wider one than before', async () => {
    const session = await connection();
    const windows: (number | undefined)[] = [session.remoteSettings.initialWindowSize];
    session.on('remoteSettings', (settings: Settings) => windows.push(settings.initialWindowSize));
    await ping(session);
    assert.equal(windows.at(-1), 262_144);
    const calls = Array.from({ length: 65 }, () => ask(session).on('error', () => undefined));
    await ping(session);
    await ping(session);
    assert.equal(windows.at(-1), 65_535);
    for (const call of calls.slice(0, 40)) call.close(constants.NGHTTP2_CANCEL);
    await once(session, 'remoteSettings');
    assert.equal(windows.at(-1), 262_144);
    session.destroy();
  });
});

function ask(session: ClientHttp2Session): ClientHttp2Stream {
  return session.request({
    ':method': 'POST',
    ':path': '/inference.GRPCInferenceService/ModelInfer',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
}

/** Resolves when the server has seen all that was sent before. */
function ping(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
}
