import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { browserObstacle, openBrowser, type Browser } from '../support/browser.js';
import { startServerProcess, type ServerProcess } from '../support/server-process.js';

interface Asked {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64?: boolean;
}

/** Fetches as a page's own script does. Rejects where the browser refuses. */
function fetchFrom(page: Page, asked: Asked) {
  return page.evaluate(async ({ url, method, headers, body, isBase64 }) => {
    const sent = isBase64 === true ? Uint8Array.from(atob(body), (sign) => sign.charCodeAt(0)) : body;
    const response = await fetch(url, { method, headers, body: sent });
    const [device, code] = [response.headers.get('x-inference-device'), response.headers.get('x-error-code')];
    return { status: response.status, device, code, text: await response.text() };
  }, asked);
}

const key = { 'x-api-key': 'secret-key' };
const sum = JSON.stringify({
  inputs: ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: [1, 16], data: Array(16).fill(-7) })),
});

describe('pages of other origins in a real browser', { skip: browserObstacle }, () => {
  const pages = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>another page</title>');
  });
  let browser: Browser;
  let server: ServerProcess;
  let allowed: Page;
  let others: Page;

  before(async () => {
    pages.listen(0, '127.0.0.1');
    await once(pages, 'listening');
    const { port } = pages.address() as AddressInfo;
    const origin = `http://127.0.0.1:${port}`;
    server = await startServerProcess(undefined, [
      ...['--allow-origin', origin, '--api-keys', 'someone:predict:secret-key'],
    ]);
    browser = await openBrowser();
    [allowed, others] = [await browser.context.newPage(), await browser.context.newPage()];
    await allowed.goto(origin);
    await others.goto(`http://localhost:${port}`);
  });
  after(async () => {
    await browser.close();
    await server.stop();
    pages.close();
    pages.closeAllConnections();
  });

  it('post JSON and put images with a key, which takes a preflight, and read the answers and their headers', async () => {
    const json = { ...key, 'content-type': 'application/json' };
    const posted = await fetchFrom(allowed, {
      url: `${server.url}/v2/models/sum/infer`,
      method: 'POST',
      headers: json,
      body: sum,
    });
    assert.deepEqual([posted.status, posted.device], [200, 'cpu'], posted.text);
    const { outputs } = JSON.parse(posted.text) as { outputs: { data: number[] }[] };
    assert.deepEqual(
      outputs.map(({ data }) => data[0]),
      [-14, 0],
    );
    const body = (await readFile('models/digits/samples/7.png')).toString('base64');
    const headers = { ...key, 'content-type': 'image/png' };
    const url = `${server.url}/predictions/digits`;
    const put = await fetchFrom(allowed, { url, method: 'PUT', headers, body, isBase64: true });
    assert.match(put.text, /"label":"7"/);
  });

  it('read why a request was refused', async () => {
    const headers = { ...key, 'content-type': 'application/json' };
    const url = `${server.url}/v2/models/sum/infer`;
    const wrong = await fetchFrom(allowed, { url, method: 'POST', headers, body: '{"inputs":[]}' });
    assert.deepEqual([wrong.status, wrong.code], [400, 'INVALID_INPUT'], wrong.text);
    const keyless = await fetchFrom(allowed, { url, method: 'POST', headers: { 'x-api-key': 'wrong' }, body: sum });
    assert.equal(keyless.status, 401);
  });

  it('get nothing where their origin is not allowed', async () => {
    const headers = { ...key, 'content-type': 'application/json' };
    const url = `${server.url}/v2/models/sum/infer`;
    await assert.rejects(fetchFrom(others, { url, method: 'POST', headers, body: sum }), /Failed to fetch/);
  });
});
