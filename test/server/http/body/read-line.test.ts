import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { ReadLine } from '../../../../src/server/http/body/read-line.js';
import { RawClient } from '../../../support/raw-client.js';

const request = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';

/** A server that answers how long each request has waited in the line, and whose turns the test takes. */
async function open(context: TestContext, keepAliveMs = 0) {
  const time = { nowMs: 100, lagMs: 5 };
  let turns: (() => void)[] = [];
  const line = new ReadLine(keepAliveMs, {
    onTurn: (callback) => turns.push(callback),
    clock: () => time.nowMs,
    lagMs: () => time.lagMs,
  });
  const sockets: Socket[] = [];
  const server = createServer(({ socket }, response) => response.end(String(line.waitedMs(socket))));
  server.on('connection', (socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clients: RawClient[] = [];
  context.after(() => {
    for (const client of clients) client.close();
    server.close();
  });
  /** A connection that has been answered once. */
  const connect = async (): Promise<{ client: RawClient; socket: Socket }> => {
    const client = new RawClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    clients.push(client);
    await client.write(request);
    await client.read();
    return { client, socket: sockets.at(-1)! };
  };
  const takeTurn = (): void => {
    const due = turns;
    turns = [];
    for (const callback of due) callback();
  };
  return { line, time, connect, takeTurn, turnsAwaited: () => turns.length };
}

/** Lets the server read everything that it can: it has, before it answers so many requests one after the other. */
async function settle({ client }: { readonly client: RawClient }): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    await client.write(request);
    await client.read();
  }
}

describe('the line of connections that were refused', () => {
  it('is read when its turn comes, and others meanwhile', async (context) => {
    const { line, time, connect, takeTurn } = await open(context);
    const [held, other] = [await connect(), await connect()];
    line.hold(held.socket);
    await held.client.write(request);
    let isAnswered = false;
    const answer = held.client.read().finally(() => (isAnswered = true));
    await settle(other);
    assert.ok(!isAnswered);
    time.nowMs += 250;
    takeTurn();
    assert.equal(String((await answer).body), '250', 'so long it may have waited');
    takeTurn();
    await held.client.write(request);
    assert.equal(String((await held.client.read()).body), '0');
  });

  it('is read 8 a turn, and one while connections arrive', async (context) => {
    const { line, connect, takeTurn, turnsAwaited } = await open(context);
    const other = await connect();
    const held = [];
    for (let n = 0; n < 20; n += 1) held.push(await connect());
    for (const { socket, client } of held) {
      line.hold(socket);
      line.hold(socket);
      await client.write(request);
    }
    let count = 0;
    for (const { client } of held) void client.read().then(() => (count += 1));
    line.arrive();
    for (const inAll of [1, 9, 17, 20]) {
      takeTurn();
      await settle(other);
      assert.equal(count, inAll);
    }
    takeTurn();
    assert.equal(turnsAwaited(), 0, 'a line in which nobody waits takes no turns');
  });

  for (const [keepAliveMs, longestMs] of [
    [0, 10_000],
    [75_000, 10_000],
    [4000, 2000],
  ] as const)
    it(`is read after ${longestMs} ms at the latest where idle connections are kept for ${keepAliveMs} ms`, async (context) => {
      const { line, time, connect, takeTurn } = await open(context, keepAliveMs);
      const other = await connect();
      const held = [];
      for (let n = 0; n < 12; n += 1) held.push(await connect());
      let count = 0;
      for (const [index, { socket, client }] of held.entries()) {
        if (index === 9) time.nowMs += 1;
        line.hold(socket);
        await client.write(request);
        void client.read().then(() => (count += 1));
      }
      for (const [passedMs, inAll] of [
        [longestMs - 2, 1],
        [1, 9],
        [0, 10],
        [1, 12],
      ] as const) {
        time.nowMs += passedMs;
        line.arrive();
        takeTurn();
        await settle(other);
        assert.equal(count, inAll);
      }
    });

  it('is empty while turns are short', async (context) => {
    const { line, time, connect, turnsAwaited } = await open(context);
    const { socket, client } = await connect();
    time.lagMs = 4.9;
    line.hold(socket);
    assert.equal(turnsAwaited(), 0);
    await client.write(request);
    assert.equal((await client.read()).status, 200);
  });

  it('forgets connections that have closed', async (context) => {
    const { line, connect, takeTurn, turnsAwaited } = await open(context);
    const { socket } = await connect();
    line.hold(socket);
    socket.destroy();
    line.hold(socket);
    takeTurn();
    takeTurn();
    assert.equal(turnsAwaited(), 0);
  });
});
