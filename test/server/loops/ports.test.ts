import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { AppError } from '../../../src/errors.js';
import { serve } from '../../../src/server/in-process.js';
import { createLog } from '../../../src/server/log/log.js';
import { findOrphans } from '../../../src/server/loops/orphans.js';
import { findPorts } from '../../../src/server/loops/ports.js';
import { settingsOf } from '../../../src/server/settings/args.js';

const skip = process.platform !== 'linux' && 'other systems have one loopback address, and do not tell of processes';

/** Listens at a port that the system chooses. */
async function listenAt(context: TestContext, host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const lines: string[] = [];
const log = createLog(settingsOf({}).log, { isTerminal: true, write: (line) => lines.push(line) });
const find = (options: Readonly<Record<string, unknown>>, addresses?: readonly string[]) =>
  findPorts(settingsOf(options), {
    log,
    ...(addresses === undefined ? {} : { addressesOf: () => Promise.resolve(addresses) }),
  });

/** A parent that no process has. */
const orphaned = 4_194_305;

interface LoopLike {
  readonly port: number;
  readonly parent?: number;
  readonly uid?: number;
}

/** A process as a loop that was given this port by this parent. */
async function startLoop(context: TestContext, { port, parent = orphaned, ...user }: LoopLike) {
  const start = { index: 0, count: 2, parent, waits: false, ports: { port: 1, metricsPort: port } };
  // A shell, which every user may run wherever Node.js is kept, and which goes on as itself: of a process that becomes another one the
  // system tells no environment for a moment.
  const child = spawn('/bin/sh', ['-c', 'echo ready; read line'], {
    env: { SLIPWAY_LOOP: JSON.stringify(start) },
    ...user,
  });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('the ports of several HTTP loops', { skip }, () => {
  it('are chosen where none is named, and are free then', async () => {
    const { port, metricsPort } = await find({ port: 0, metricsPort: 0 });
    assert.ok(port > 0 && metricsPort !== undefined && metricsPort > 0 && metricsPort !== port);
    assert.deepEqual(await find({ port }), { port });
  });

  it('are refused where another process has one at any address of the host', async (context) => {
    const port = await listenAt(context, '127.0.0.2');
    const refusal = await find({ port, host: 'localhost' }, ['127.0.0.1', '127.0.0.2']).catch(
      (thrown: unknown) => thrown,
    );
    assert.ok(refusal instanceof AppError);
    assert.equal(refusal.code, 'PORT_IN_USE');
    assert.match(
      refusal.message,
      new RegExp(`^127\\.0\\.0\\.2 port ${port} is in use by another process: .* --port ${port + 1}`),
    );
    assert.deepEqual(await find({ port, host: 'localhost' }, ['127.0.0.1']), { port });
  });

  it('need no address beyond the first that this machine does not have', async () => {
    const { port } = await find({ port: 0, host: 'localhost' }, ['127.0.0.1', '192.0.2.1']);
    assert.ok(port > 0);
    await assert.rejects(find({ port: 0, host: 'localhost' }, ['192.0.2.1']), { code: 'USAGE' });
  });
});

describe('an HTTP loop without its parent', { skip }, () => {
  it('is known by the parent that it was given, and the port', async (context) => {
    const port = await listenAt(context, '127.0.0.1');
    const orphan = await startLoop(context, { port });
    await startLoop(context, { port, parent: process.pid });
    assert.deepEqual(await findOrphans(port), [{ pid: orphan.pid, parent: orphaned }]);
    assert.deepEqual(await findOrphans(2), []);
  });

  const asRoot = process.getuid?.() !== 0 && 'only root starts processes of others';
  it('is left alone where it is another user’s, whom root could end too', { skip: asRoot }, async (context) => {
    const port = await listenAt(context, '127.0.0.1');
    const other = await startLoop(context, { port, uid: 65_534 });
    assert.deepEqual(await findOrphans(port), []);
    await assert.rejects(find({ port }), { code: 'PORT_IN_USE' });
    assert.deepEqual([other.exitCode, other.signalCode], [null, null]);
  });

  it('is named where one server wants its port, with what ends it, and is left alone', async (context) => {
    const port = await listenAt(context, '127.0.0.1');
    const orphans = [await startLoop(context, { port }), await startLoop(context, { port })];
    const pids = orphans.map(({ pid }) => pid).sort((one = 0, other = 0) => one - other);
    const refusal = await serve({ models: 'models', port }).catch((thrown: unknown) => thrown as AppError);
    assert.ok(refusal instanceof AppError);
    assert.equal(refusal.code, 'PORT_IN_USE');
    assert.equal(
      refusal.message,
      `127.0.0.1 port ${port} is in use by an HTTP loop that outlived its server: end it with kill -KILL ${pids.join(' ')}, ` +
        `or choose another port with --port ${port + 1}.`,
    );
    assert.deepEqual(
      orphans.map(({ exitCode, signalCode }) => exitCode ?? signalCode),
      [null, null],
    );
  });

  it('is ended where its port is needed, with a line in the log', async (context) => {
    const port = await listenAt(context, '127.0.0.1');
    const orphan = await startLoop(context, { port });
    const ended = once(orphan, 'exit');
    // The port stays taken here, so it is refused in the end.
    await assert.rejects(find({ port: 0, metricsPort: port }), { code: 'PORT_IN_USE' });
    assert.deepEqual(await ended, [null, 'SIGKILL']);
    assert.match(lines.join(''), new RegExp(`an HTTP loop outlived its parent: it is ended .*pid=${orphan.pid}`));
  });
});
