import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { failsAlways, sumAndDifference } from '../../support/models.js';
import { serveFor } from '../../support/server.js';
import { runTool } from '../tool-cli.js';

interface Load {
  readonly clients: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly maxMs: number;
  readonly failed: number;
}

describe('slipway bench', () => {
  it('measures the only model with each number of clients, as JSON and for people', async (context) => {
    const { url } = await serveFor(context, { models: [{ name: 'sums', graph: sumAndDifference }] });
    const args = ['bench', '--url', url, '--clients', '1,3', '--seconds', '1', '--rows', '2'];
    const { code, stdout } = await runTool([...args, '--json']);
    const { model, device, loads } = JSON.parse(stdout) as { model: string; device: string; loads: readonly Load[] };
    assert.deepEqual([model, device, code, loads.map(({ clients }) => clients)], ['sums', 'cpu', 0, [1, 3]]);
    for (const { requestsPerSecond, p50Ms, maxMs, failed } of loads) {
      assert.ok(requestsPerSecond > 0 && p50Ms > 0 && p50Ms <= maxMs);
      assert.equal(failed, 0);
    }
    const people = await runTool([...args, '--form', 'json']);
    assert.match(
      people.stdout,
      /^sums on cpu, json, 2 rows a request\nCLIENTS {2}REQUESTS\/S {2}ROWS\/S .*FAILED\n1 .* 0\n3 .* 0\n$/,
    );
  });

  it('sends an image where one is given', async (context) => {
    const { url } = await serveFor(context, { folder: 'models' });
    const args = ['bench', '--url', url, '-m', 'digits', '--clients', '2', '--seconds', '1', '--json'];
    const { code, stdout } = await runTool([...args, '--image', 'models/digits/samples/7.png']);
    assert.equal((JSON.parse(stdout) as { form: string }).form, 'image');
    assert.equal(code, 0);
  });

  it('measures nothing where the model refuses, where several could be meant, or nobody answers', async (context) => {
    const { url } = await serveFor(context, {
      models: [
        { name: 'fails', graph: failsAlways },
        { name: 'sums', graph: sumAndDifference },
      ],
    });
    const refused = await runTool(['bench', '--url', url, '-m', 'fails', '--seconds', '1']);
    assert.match(
      refused.stderr,
      /Model fails cannot be measured: http:\S+\/v2\/models\/fails\/infer answered 500: \{"error":"The model fails whatever it is sent: /,
    );
    assert.equal(refused.code, 1);
    const several = await runTool(['bench', '--url', url]);
    assert.match(several.stderr, /Several models could be measured: fails, sums/);
    assert.equal(several.code, 2);
    assert.equal((await runTool(['bench', '--url', 'http://127.0.0.1:1'])).code, 3);
    const none = await runTool(['bench', '--url', url, '--clients', '0']);
    assert.match(none.stderr, /--clients 0: expected whole numbers from 1 to 1024/);
    assert.equal(none.code, 2);
    const list = await runTool(['bench', '--url', url, '--rows', '1,8']);
    assert.match(list.stderr, /--rows 1,8: expected one whole number from 1 to 65536/);
    assert.equal(list.code, 2);
  });

  it('ends at Ctrl-C with 130', async (context) => {
    let interrupt = (): void => undefined;
    let asked = 0;
    const server = createServer((request, response) => {
      const inputs = '[{"name":"x","datatype":"FP32","shape":[1]}]';
      if (request.method === 'POST' && (asked += 1) > 20) interrupt();
      response.end(`{"name":"m","slipway":{},"inputs":${inputs},"outputs":[]}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ['bench', '--url', url, '-m', 'm', '--seconds', '60'];
    const { code } = await runTool(args, {
      onStart: (child) => {
        interrupt = () => child.kill('SIGINT');
      },
    });
    assert.equal(code, 130);
  });
});
