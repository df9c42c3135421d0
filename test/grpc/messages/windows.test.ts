import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { sumAndDifference } from '../../support/models.js';
import { serveFor } from '../../support/server.js';

const types = { headers: 1, settings: 4, ping: 6, goAway: 7 };
const flags = { ack: 1, endHeaders: 4 };

interface FrameParts {
  readonly flag?: number;
  readonly stream?: number;
  readonly payload?: Buffer;
}

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, { flag = 0, stream = 0, payload = Buffer.alloc(0) }: FrameParts = {}): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The headers of a stream of inference requests, none of them indexed (RFC 7541, 6.2.2). */
const headers = Buffer.concat(
  [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':authority', 'localhost'],
    [':path', '/inference.GRPCInferenceService/ModelStreamInfer'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ].flatMap(([name = '', value = '']) => [
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]),
);

interface Frame {
  readonly type: number;
  readonly flag: number;
  readonly payload: Buffer;
}

/** The frames that come on a connection until it is closed. */
async function* framesOf(socket: Socket): AsyncGenerator<Frame> {
  let rest = Buffer.alloc(0);
  for await (const piece of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      yield { type: rest.readUInt8(3), flag: rest.readUInt8(4), payload: rest.subarray(9, end) };
      rest = rest.subarray(end);
    }
  }
}

/** The window for each call that settings name (RFC 9113, 6.5.2). */
function windowIn(payload: Buffer): number | undefined {
  for (let at = 0; at < payload.length; at += 6) {
    if (payload.readUInt16BE(at) === 4) return payload.readUInt32BE(at + 2);
  }
  return undefined;
}

describe('the window of a gRPC call', () => {
  it('stays wide for no client that does not confirm the narrow one: its connection is ended, with a warning', async (context) => {
    const models = [{ name: 'm', graph: sumAndDifference }];
    const limits = ['--grpc-port', '0', '--log-format', 'json', '--request-timeout', '100ms'];
    const { server, lines } = await serveFor(context, { models, flags: limits });
    const [host, port] = (server.grpcAddress ?? '').split(':');
    const socket = connect(Number(port), host);
    context.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(types.settings)]));
    const told: string[] = [];
    for await (const { type, flag, payload } of framesOf(socket)) {
      if (type === types.goAway) told.push(`ended by ${payload.readUInt32BE(4)}`);
      if (type === types.ping) socket.write(frame(types.ping, { flag: flags.ack, payload }));
      if (type !== types.settings || flag === flags.ack) continue;
      const window = windowIn(payload);
      if (window !== undefined) told.push(`window ${window}`);
      if (window === 65_535) continue;
      socket.write(frame(types.settings, { flag: flags.ack }));
      if (window !== 262_144) continue;
      for (let call = 0; call < 65; call += 1)
        socket.write(frame(types.headers, { flag: flags.endHeaders, stream: 2 * call + 1, payload: headers }));
    }
    // Behind the reason comes what ends any connection.
    const whole = ['window 262144', 'window 65535', `ended by ${constants.NGHTTP2_SETTINGS_TIMEOUT}`];
    assert.deepEqual(told.slice(0, 3), whole);
    const [warning, ...others] = lines.filter(({ level }) => level === 'warn');
    assert.deepEqual(
      [warning?.['message'], warning?.['calls'], warning?.['limitMs'], others],
      ['connection ended: its client does not confirm its settings', 65, 100, []],
    );
  });
});
