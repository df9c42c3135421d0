import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { send } from '../../support/http.js';
import { integerDivision, loopsWhileTrue, slowProduct, sumAndDifference } from '../../support/models.js';
import { folderWith, startNode, startProcess, urlOf } from '../../support/server-process.js';
import { goodCall, sums } from '../http/cases/case.js';

/** Runs for seconds: far longer than any limit that is set here. */
const slow = { name: 'slow', graph: slowProduct(1000), config: { batching: { maxRows: 0 }, warmup: false } };
const m = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };
const slowCall = {
  path: '/v2/models/slow/infer',
  body: JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1], data: [1] }] }),
};
const throwsOnSignal = "data:text/javascript,process.on('SIGUSR2',()=>{throw new Error('provoked')})";

/** Sends a request that outlives the server; resolves once a worker runs it. */
async function occupy(url: string): Promise<void> {
  send(url, slowCall).catch(() => undefined);
  for (;;) {
    const { body } = await send(url, { path: '/metrics' });
    if (/^slipway_workers_busy 1$/m.test(body.toString())) return;
  }
}

describe('a server process that cannot end in order', { concurrency: 2 }, () => {
  it('ends with SIGKILL when a run passes the watchdog, and says which', async (context) => {
    const server = startProcess(context, '--models', await folderWith(context, slow), '--watchdog', '200ms');
    const url = urlOf(await server.until(/ready in/));
    send(url, slowCall).catch(() => undefined);
    assert.deepEqual(await server.ended, [null, 'SIGKILL']);
    assert.match(server.text(), /a run of slow\/1 on cpu-\d has taken \d+ ms, over the limit of 200 ms.*watchdog/);
  });

  it('ends with SIGKILL when requests do not finish in the stop timeout', async (context) => {
    const server = startProcess(context, '--models', await folderWith(context, slow), '--stop-timeout', '100ms');
    await occupy(urlOf(await server.until(/ready in/)));
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.ended, [null, 'SIGKILL']);
    assert.match(server.text(), /"timeoutMs":100,"message":"requests did not finish in time: ending"/);
  });

  it('ends at once on a second signal while a model runs', async (context) => {
    const server = startProcess(context, '--models', await folderWith(context, slow));
    await occupy(urlOf(await server.until(/ready in/)));
    server.child.kill('SIGINT');
    await server.until(/stopping/);
    server.child.kill('SIGINT');
    assert.deepEqual(await server.ended, [null, 'SIGKILL']);
  });

  it('ends with 1 after an unforeseen fault, with its stack', async (context) => {
    const server = startNode(context, ['--import', throwsOnSignal], ['--models', await folderWith(context, m)]);
    await server.until(/ready in/);
    server.child.kill('SIGUSR2');
    assert.deepEqual(await server.ended, [1, null]);
    assert.match(server.text(), /"stack":"Error: provoked.*unexpected error: ending/);
  });

  it('ends with SIGKILL after an unforeseen fault while a model runs', async (context) => {
    const server = startNode(context, ['--import', throwsOnSignal], ['--models', await folderWith(context, slow)]);
    await occupy(urlOf(await server.until(/ready in/)));
    server.child.kill('SIGUSR2');
    assert.deepEqual(await server.ended, [null, 'SIGKILL']);
    assert.match(server.text(), /unexpected error: ending/);
  });
});

describe('a model whose loop never ends on made-up inputs', () => {
  it('is failed with that reason while the others serve, and serves itself where nothing is run before', async (context) => {
    const models = await folderWith(
      context,
      m,
      { name: 'endless', graph: loopsWhileTrue },
      { name: 'unwarmed', graph: loopsWhileTrue, config: { warmup: false } },
    );
    const server = startProcess(context, '--models', models);
    const url = urlOf(await server.until(/http:/));
    const states = async () => {
      const { body } = await send(url, { path: '/v2/repository/index', body: '{}' });
      return JSON.parse(body.toString()) as readonly { name: string; state: string; reason: string }[];
    };
    const stateOf = async (name: string) => (await states()).find((entry) => entry.name === name);
    while ((await stateOf('m'))?.state !== 'READY');
    while ((await stateOf('unwarmed'))?.state !== 'READY');
    sums(await send(url, goodCall));
    const body = `{"inputs":[{"name":"X","datatype":"INT64","shape":[],"data":[5]},{"name":"L","datatype":"FP32","shape":[],"data":[2000]}]}`;
    assert.match((await send(url, { path: '/v2/models/unwarmed/infer', body })).body.toString(), /"data":\[5\]/);
    while ((await stateOf('endless'))?.state === 'LOADING');
    assert.match((await stateOf('endless'))?.reason ?? '', /endless\/1.*its warm-up took longer than 10 s/);
  });
});

describe('a request whose values fault in native code', () => {
  it('is told so, and neither its model nor the others are gone', async (context) => {
    const models = await folderWith(context, m, { name: 'division', graph: integerDivision() });
    const server = startProcess(context, '--models', models);
    const url = urlOf(await server.until(/ready in/));
    const divide = (a: string, b: string) => {
      const inputs = Object.entries({ A: a, B: b }).map(
        ([name, value]) => `{"name":"${name}","datatype":"INT64","shape":[1,1],"data":[${value}]}`,
      );
      return send(url, { path: '/v2/models/division/infer', body: `{"inputs":[${inputs.join()}]}` });
    };
    const fault = divide('-9223372036854775808', '-1');
    const [refused, beside] = await Promise.all([fault, send(url, goodCall)]);
    sums(beside);
    assert.equal(refused.status, 503);
    assert.match(
      refused.body.toString(),
      /division\/1\) was lost while it worked: its process ended with signal SIGFPE/,
    );
    assert.match((await divide('-7', '2')).body.toString(), /"data":\[-3\]/);
    sums(await send(url, goodCall));
  });
});

describe('a model whose processes faulted too often', () => {
  it('makes the server not ready with the reason, alone, until it is loaded again', async (context) => {
    const models = await folderWith(context, m, { name: 'division', graph: integerDivision() });
    await writeFile(join(models, 'division', 'model.json'), '{"instances":{"cpu":1}}');
    const server = startProcess(context, '--models', models);
    const url = urlOf(await server.until(/ready in/));
    const fault =
      '{"inputs":[{"name":"A","datatype":"INT64","shape":[1,1],"data":[-9223372036854775808]},{"name":"B","datatype":"INT64","shape":[1,1],"data":[-1]}]}';
    for (let count = 0; count < 5; count += 1)
      assert.equal((await send(url, { path: '/v2/models/division/infer', body: fault })).status, 503);
    const after = await send(url, { path: '/v2/health/ready' });
    assert.equal(after.status, 503);
    assert.match(after.body.toString(), /'division' version 1 is loaded in no worker: 5 workers were lost.*SIGFPE/);
    sums(await send(url, goodCall));
    assert.equal((await send(url, { path: '/v2/repository/models/division/load', body: '{}' })).status, 200);
    assert.equal((await send(url, { path: '/v2/health/ready' })).status, 200);
    assert.match(
      (await send(url, { path: '/v2/models/division/infer', body: fault.replace('[-1]', '[1]') })).body.toString(),
      /-9223372036854775808/,
    );
  });
});

describe('a server process whose surroundings fail', { concurrency: 2 }, () => {
  it('closes connections beyond --max-connections, and takes new ones when others left', async (context) => {
    const server = startProcess(context, '--models', await folderWith(context, m), '--max-connections', '2');
    const url = new URL(urlOf(await server.until(/ready in/)));
    const open = async () => {
      const socket = connect(Number(url.port), url.hostname);
      await once(socket, 'connect');
      return socket;
    };
    const held = [await open(), await open()];
    const refused = await open();
    await once(refused.resume(), 'close');
    for (const socket of held) socket.destroy();
    await Promise.all(held.map((socket) => once(socket, 'close')));
    // The server learns of a closed connection a turn later than its client.
    for (let answered = false; !answered;) {
      answered = await send(url.origin, goodCall).then(
        (answer) => (sums(answer), true),
        () => false,
      );
    }
  });

  it('goes on when nobody reads its log any more', async (context) => {
    const server = startProcess(context, '--models', await folderWith(context, m), '--access-log');
    const url = urlOf(await server.until(/ready in/));
    server.child.stderr?.destroy();
    for (let count = 0; count < 20; count += 1) sums(await send(url, goodCall));
    server.child.kill('SIGTERM');
    assert.deepEqual(await once(server.child, 'exit'), [0, null]);
  });

  it('ends with the exit code of a fault before it is ready, whatever threads, helpers and timers there are', async (context) => {
    const models = await folderWith(context, m, { name: 'hangs', graph: loopsWhileTrue });
    const faults = {
      'in the HTTP side': "throw new Error('provoked')",
      'that nobody waits for':
        "process.nextTick(() => { throw new Error('provoked'); }); return createServer(...given)",
    };
    for (const [where, fault] of Object.entries(faults)) {
      const script = `import http from 'node:http'; import { syncBuiltinESMExports } from 'node:module';
        const { createServer } = http; http.createServer = (...given) => { ${fault}; };
        syncBuiltinESMExports(); setInterval(() => undefined, 1000);`;
      const flag = `data:text/javascript,${encodeURIComponent(script)}`;
      const server = startNode(context, ['--import', flag], ['--models', models]);
      assert.deepEqual(await server.ended, [1, null], where);
      assert.match(server.text(), /provoked/);
    }
    const blocker = createServer().listen(0, '127.0.0.1');
    context.after(() => blocker.close());
    await once(blocker, 'listening');
    const port = String((blocker.address() as AddressInfo).port);
    const server = startProcess(context, '--models', models, '--port', port);
    assert.deepEqual(await server.ended, [3, null]);
  });
});
