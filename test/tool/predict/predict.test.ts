import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { formatNpy, parseNpy } from '../../../src/tool/predict/npy.js';
import { sumAndDifference, identity } from '../../support/models.js';
import { serveFor } from '../../support/server.js';
import { runTool } from '../tool-cli.js';

const image = 'models/digits/samples/7.png';

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-predict-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function answerWith(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('slipway predict', () => {
  it('answers about images in their order, and goes on after one that fails', async (context) => {
    const { url } = await serveFor(context, { folder: 'models' });
    const folder = await folderFor(context);
    await writeFile(join(folder, 'broken.png'), '\x89PNG\r\n\x1a\nnothing more', 'latin1');
    const files = [image, join(folder, 'broken.png'), 'models/digits/samples/3.png'];
    const { code, stdout, stderr } = await runTool(['predict', '--url', url, '-m', 'digits', '--top', '1', ...files]);
    const labels = [...stdout.matchAll(/^ {2}(\d) +9\d\.\d %$/gm)].map(([, label]) => label);
    assert.deepEqual([labels, code], [['7', '3'], 1]);
    assert.match(stdout, new RegExp(`^${image}  digits on cpu$`, 'm'));
    assert.match(stderr, /✗ .*broken\.png: /);
  });

  it("prints the server's answer for machines, a line a file, failures too", async (context) => {
    const { url } = await serveFor(context, { folder: 'models' });
    const args = ['predict', '--url', url, '-m', 'digits/1', '--top', '1', '--json', image, 'nowhere.png'];
    const { code, stdout } = await runTool(args);
    const [answer, failure] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(answer?.['file'], image);
    assert.deepEqual(
      (answer['predictions'] as { label: string }[]).map(({ label }) => label),
      ['7'],
    );
    assert.deepEqual(
      [failure?.['file'], (failure?.['error'] as { code: string }).code, code],
      ['nowhere.png', 'USAGE', 2],
    );
  });

  it('reads arrays, JSON and the standard input, and writes arrays that NumPy reads', async (context) => {
    const graphs = [{ name: 'same', graph: identity('INT64', ['n', 2]) }];
    const { url } = await serveFor(context, { models: graphs });
    const folder = await folderFor(context);
    const data = BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n, 0n, 5n);
    await writeFile(join(folder, 'ids.npy'), formatNpy({ datatype: 'INT64', shape: [2, 2], data })!);
    const array = await runTool(['predict', '--url', url, '--out', join(folder, 'out'), join(folder, 'ids.npy')]);
    assert.match(array.stdout, /INT64\[2,2\] {2}-9223372036854775808 9007199254740993 0 5/);
    const [written = ''] = await readdir(join(folder, 'out'));
    assert.deepEqual(parseNpy(await readFile(join(folder, 'out', written))).data, data);
    for (const out of ['ids.npy/out', 'ids.npy/out/x.npy']) {
      const refused = await runTool(['predict', '--url', url, '--out', join(folder, out), join(folder, 'ids.npy')]);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /✗ .*--out \S*ids\.npy\/out\S* cannot be written: E[A-Z]+: .*\.\n$/);
    }
    const exact = await runTool(['predict', '--url', url, '--json', join(folder, 'ids.npy')]);
    assert.match(exact.stdout, /"data":\[-9223372036854775808,9007199254740993,0,5\]/);
    const values = await runTool(['predict', '--url', url], { input: '[[9007199254740993, -1]]' });
    assert.match(values.stdout, /"?9007199254740993"?,-1/);
    const floats = formatNpy({ datatype: 'FP64', shape: [1, 2], data: Float64Array.of(1, 2) })!;
    const wrong = await runTool(['predict', '--url', url], { input: floats });
    assert.match(wrong.stderr, /takes INT64\[-1,2\], but the array is FP64\[1,2\]/);
    assert.equal(wrong.code, 1);
  });

  it('names the models where several fit, and the inputs where an array fits none', async (context) => {
    const { url } = await serveFor(context, {
      models: [
        { name: 'sums', graph: sumAndDifference },
        { name: 'same', graph: identity('FP32', ['n']) },
      ],
    });
    const input = formatNpy({ datatype: 'INT32', shape: [1, 16], data: new Int32Array(16) })!;
    const several = await runTool(['predict', '--url', url], { input });
    assert.match(several.stderr, /Several models could answer: .*sums \(tensors\).* Name one with --model/);
    assert.equal(several.code, 2);
    const two = await runTool(['predict', '--url', url, '-m', 'sums'], { input });
    assert.match(two.stderr, /Model sums has the inputs A, B: an array can be sent to a model with one/);
    const none = await runTool(['predict', '--url', url, '-m', 'sum'], { input });
    assert.equal(none.code, 5);
  });

  it('shows the key of a file or of the environment, and says where it is wrong', async (context) => {
    const { url } = await serveFor(context, { folder: 'models', keys: ['alice:predict:right-key'] });
    const keys = join(await folderFor(context), 'keys');
    await writeFile(keys, '# mine\nalice:predict:right-key # until May\n');
    const args = ['predict', '--url', url, '-m', 'digits', image];
    assert.equal((await runTool([...args, '--key-file', keys])).code, 0);
    assert.equal((await runTool(args, { env: { SLIPWAY_API_KEY: 'right-key' } })).code, 0);
    const wrong = await runTool(args, { env: { SLIPWAY_API_KEY: 'wrong' } });
    assert.equal(wrong.code, 4);
    assert.equal((await runTool(args)).code, 4);
    await writeFile(keys, `bob:admin:sha256:${'0'.repeat(64)}\n`);
    const digest = await runTool([...args, '--key-file', keys]);
    assert.match(digest.stderr, /holds the digest of a key/);
    assert.equal(digest.code, 2);
  });

  it('tells apart no server, one that is none, and one that knows tensors alone', async (context) => {
    const nobody = await runTool(['predict', '--url', 'http://127.0.0.1:1', image]);
    assert.match(nobody.stderr, /127\.0\.0\.1:1\/v2 failed: connect ECONNREFUSED/);
    assert.equal(nobody.code, 3);
    const page = await answerWith(context, (_request, response) => response.end('<html>'));
    const strange = await runTool(['predict', '--url', page, image]);
    assert.match(strange.stderr, /not a server of the Open Inference Protocol/);
    assert.equal(strange.code, 3);
    const other = await answerWith(context, (request, response) => {
      const isModel = request.url === '/v2/models/m';
      response.end(
        isModel ? '{"name":"m","versions":["1"],"platform":"x","inputs":[],"outputs":[]}' : '{"name":"other"}',
      );
    });
    const foreign = await runTool(['predict', '--url', other, '-m', 'm', image]);
    assert.match(foreign.stderr, /is not Slipway: it takes tensors, not images/);
    assert.equal(foreign.code, 1);
  });

  it('serves for one call, and ends', async (context) => {
    const env = { XDG_CACHE_HOME: await folderFor(context) };
    const args = ['predict', '--models', 'models/digits', '--top', '1', image];
    const { code, stdout, stderr } = await runTool(args, { env });
    assert.match(stdout, /^ {2}7 +9\d/m);
    assert.deepEqual([stderr, code], ['', 0]);
    const missing = await runTool(['predict', '--models', 'nowhere/model.onnx', image]);
    assert.match(missing.stderr, /There is no model file/);
    assert.equal(missing.code, 2);
  });

  it('ends at Ctrl-C with 130, though the server never answers', async (context) => {
    let interrupt = (): void => undefined;
    const url = await answerWith(context, (request, response) => {
      if (request.method === 'GET') response.end('{"name":"m","slipway":{},"inputs":[],"outputs":[]}');
      else interrupt();
    });
    const onStart = (child: { kill(signal: 'SIGINT'): boolean }): void => {
      interrupt = () => child.kill('SIGINT');
    };
    const { code } = await runTool(['predict', '--url', url, '-m', 'm', image], { onStart });
    assert.equal(code, 130);
  });

  it('says what to type where a line cannot be read', async () => {
    for (const [args, message] of [
      [['predict', '--modle', 'x'], /Unknown option '--modle'.*--model.*Type: slipway predict --help/],
      [['predict', '--timeout', 'long', 'x'], /--timeout long: expected a time such as 30, 90s or 2m/],
      [['predict', '-', '-'], /can be read once/],
      [['predict', '--out', 'o', 'a/x.png', 'b/x.png'], /would have the same names/],
      [['predict', '--models', 'm', '--url', 'http://x', 'f'], /--models <path>' cannot be used with option '--url/],
    ] as const) {
      const { code, stderr } = await runTool(args);
      assert.match(stderr, message);
      assert.equal(code, 2, args.join(' '));
    }
  });
});
