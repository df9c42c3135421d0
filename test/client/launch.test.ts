import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { findFreePort } from '../../bench/targets/free-port.js';
import { connect, tensor } from '../../src/client/index.js';
import { openNative } from '../../src/launch/native/runner.js';
import { makeCertificate } from '../support/certificates.js';
import { putModel, sumAndDifference } from '../support/models.js';

const folder = await mkdtemp(join(tmpdir(), 'slipway-connect-'));
process.env['SLIPWAY_STATE_DIR'] = join(folder, 'state');
// A server that is killed leaves its journal there.
process.env['SLIPWAY_CACHE_DIR'] = join(folder, 'cache');

after(async () => {
  const runner = openNative({ env: process.env, homeFolder: homedir(), now: Date.now });
  for (const { request } of await runner.list()) await runner.remove(request.name, { force: true });
  await rm(folder, { recursive: true, force: true });
});

describe('connect without a server', () => {
  it('serves the bundled digits, whose samples it reads as what they show', async () => {
    const connection = await connect({ port: await findFreePort(), variant: 'native' });
    const model = connection.model('digits');
    const { predictions, device } = await model.predictImage(await readFile('models/digits/samples/3.png'), { top: 2 });
    assert.equal(predictions[0]?.label, '3');
    assert.ok(predictions[0].probability > 0.5);
    assert.equal(predictions.length, 2);
    assert.match(device, /^cpu/);
    connection.close();
  });

  it('starts one with TLS, and believes whom it is told to alone', async () => {
    const own = makeCertificate('own');
    const [cert, key] = [join(folder, 'cert'), join(folder, 'key')];
    await writeFile(cert, own.cert);
    await writeFile(key, own.key);
    const env = { SLIPWAY_TLS_CERT: cert, SLIPWAY_TLS_KEY: key };
    const options = { port: await findFreePort(), variant: 'native', env } as const;
    for (const wasLaunched of [true, false]) {
      const connection = await connect({ ...options, tls: { ca: own.cert } });
      assert.deepEqual([connection.url, connection.wasLaunched], [`https://127.0.0.1:${options.port}`, wasLaunched]);
      const names = (await connection.models()).map(({ name }) => name);
      assert.deepEqual(names.sort(), ['anomaly', 'digit-boxes', 'digits']);
      connection.close();
    }
    await assert.rejects(connect({ ...options, tls: { ca: makeCertificate('other').cert } }), {
      code: 'SERVER_UNREACHABLE',
      message: /its certificate is not trusted/,
    });
  });

  it('starts one with the models given, which the next program finds running', async () => {
    const models = join(folder, 'models');
    await putModel(models, { name: 'sums', graph: sumAndDifference });
    const options = { port: await findFreePort(), models, variant: 'native' } as const;
    const lines: string[] = [];
    const first = await connect({ ...options, onNarration: (line) => lines.push(line) });
    assert.equal(first.wasLaunched, true);
    const ones = tensor(new Int32Array(16).fill(1), [1, 16]);
    const { outputs } = await first.model('sums').infer({ A: ones, B: ones });
    assert.deepEqual(outputs['S']?.data, new Int32Array(16).fill(2));
    first.close();
    assert.ok(lines.length > 0);
    const second = await connect(options);
    assert.equal(second.wasLaunched, false);
    assert.equal(await second.isReady(), true);
    second.close();
    const others = join(folder, 'others');
    await putModel(others, { name: 'unheard', graph: sumAndDifference });
    await assert.rejects(connect({ ...options, models: others }), {
      code: 'NOT_FOUND',
      message: /serves sums, but not unheard of .*others\. Give another port/,
    });
  });
});
