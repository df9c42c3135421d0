import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { writeOnnx, type Graph } from '../../src/model/onnx/writer.js';
import { identity, putModel } from '../support/models.js';
import { tokenVectors } from '../tasks/text/models.js';
import { tokenizerJson } from '../tasks/text/fixtures.js';
import { browserObstacle } from './support/browser.js';
import { openPage, type OpenedPage } from './support/page-set-up.js';

/** As voice detectors are: sound, a state of its own first dimension, and a rate without dimensions. */
const stateful: Graph = {
  name: 'stateful',
  inputs: [
    { name: 'input', datatype: 'FP32', shape: ['batch', 'samples'] },
    { name: 'state', datatype: 'FP32', shape: [2, 'batch', 4] },
    { name: 'sr', datatype: 'INT64', shape: [] },
  ],
  outputs: [
    { name: 'rate', datatype: 'INT64', shape: [] },
    { name: 'heard', datatype: 'FP32', shape: ['batch', 'samples'] },
    { name: 'stateN', datatype: 'FP32', shape: [2, 'batch', 4] },
  ],
  nodes: [
    { op: 'Identity', inputs: ['sr'], outputs: ['rate'] },
    { op: 'Identity', inputs: ['input'], outputs: ['heard'] },
    { op: 'Add', inputs: ['state', 'one'], outputs: ['stateN'] },
  ],
  initializers: [{ name: 'one', datatype: 'FP32', shape: [1], data: Float32Array.of(1) }],
};

const longName = `long_${'n'.repeat(120)}`;
/** Names that no line can be broken in. */
const longNames: Graph = {
  name: 'long',
  inputs: [{ name: 'x'.repeat(120), datatype: 'FP32', shape: [2] }],
  outputs: [{ name: 'y'.repeat(120), datatype: 'FP32', shape: [2] }],
  nodes: [{ op: 'Identity', inputs: ['x'.repeat(120)], outputs: ['y'.repeat(120)] }],
};

async function prepare(folder: string): Promise<void> {
  await putModel(folder, { name: longName, graph: longNames });
  await putModel(folder, { name: 'stateful', graph: stateful });
  await putModel(folder, { name: 'pixels', graph: identity('FP32', ['batch', 3, 2, 2]) });
  await putModel(folder, { name: 'words', graph: identity('BYTES', ['batch']) });
  await putModel(folder, { name: 'open', graph: identity('INT64', ['rows', 'columns']) });
  for (const version of ['1', '2']) {
    await putModel(folder, {
      name: 'two',
      version,
      graph: identity(version === '1' ? 'FP32' : 'INT32', [4]),
      config: { versions: 'all' },
    });
  }
  const files = {
    'model.onnx': writeOnnx(tokenVectors),
    'tokenizer.json': tokenizerJson('wordpiece'),
    'tokenizer_config.json': '{"model_max_length":32,"pad_token":"[PAD]"}',
    'model.json': JSON.stringify({ text: {}, embedding: { pooling: 'mean', normalize: true } }),
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, 'embedder', name)), { recursive: true });
    await writeFile(join(folder, 'embedder', name), content);
  }
}

/** A PNG of one colour, made by the browser that is tested. */
async function pngOf(page: Page, colour: string): Promise<Buffer> {
  const url = await page.evaluate<string>(`(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 5, height: 3 });
    const context = canvas.getContext('2d');
    context.fillStyle = '${colour}';
    context.fillRect(0, 0, 5, 3);
    return canvas.toDataURL('image/png');
  })()`);
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

describe('any model on the page', { skip: browserObstacle }, () => {
  let opened: OpenedPage;
  let page: Page;

  before(async () => {
    opened = await openPage(prepare);
    ({ page } = opened);
  });
  after(() => opened.close());

  const open = async (model: string): Promise<void> => {
    await page.goto('about:blank');
    await page.goto(`${opened.server.url}/#${model}`);
    await page.getByRole('heading', { name: model, level: 2 }).waitFor();
  };
  const run = () => page.getByRole('button', { name: 'Run' }).click();
  const shoot = (name: string) => page.screenshot({ path: join(opened.shots, `${name}.png`), fullPage: true });
  const output = async (name: string): Promise<string> => {
    const details = page.locator('#result details', { has: page.locator('summary code', { hasText: name }) });
    await details.waitFor();
    return (await details.locator('pre').textContent()) ?? '';
  };

  it('runs the example of a model with sound, state and a sample rate', async () => {
    await open('stateful');
    await run();
    assert.equal(await output('rate'), '16000');
    assert.match(await output('heard'), /^0, 0\.247, 0\.479, .* 512 in all$/);
    assert.equal(await output('stateN'), '1, 1, 1, 1, 1, 1, 1, 1');
    await shoot('any-stateful');
  });

  it('shows names of dimensions, opset and producer', async () => {
    await open('stateful');
    const about = await page.locator('#about').innerText();
    assert.match(about, /state FP32 \[2, batch, 4\]/);
    assert.match(about, /opset \d+/);
    assert.match(about, /made by slipway/);
  });

  it('makes example values anew for an edited shape, and keeps those that were typed', async () => {
    await open('open');
    assert.equal(await page.getByLabel('Shape').inputValue(), '1, 16');
    await page.getByLabel('Shape').fill('2, 3');
    assert.equal(await page.getByLabel('Values', { exact: true }).inputValue(), '[0,1,2,3,4,5]');
    await run();
    assert.equal(await output('Y'), '0, 1, 2, 3, 4, 5');
    await page.getByLabel('Values', { exact: true }).fill('[-7, 9007199254740993]');
    await page.getByLabel('Shape').fill('1, 2');
    await run();
    await page.locator('#result pre', { hasText: '-7, 9007199254740993' }).waitFor();
  });

  it('takes texts as they are, one per line', async () => {
    await open('words');
    await page.getByLabel('Texts, one per line').fill('it\'s "one"\nзwei\n[3]');
    assert.equal(await page.getByLabel('Shape').inputValue(), '3');
    await run();
    assert.equal(await output('Y'), 'it\'s "one", зwei, [3]');
  });

  it('fills an input of pixels from an image, and gives the model.json that takes images', async () => {
    await open('pixels');
    const buffer = await pngOf(page, 'rgb(255, 51, 0)');
    await page.getByLabel('Choose an image').setInputFiles({ name: 'red.png', mimeType: 'image/png', buffer });
    assert.equal(await output('Y'), '1, 1, 1, 1, 0.200, 0.200, 0.200, 0.200, 0, 0, 0, 0');
    await page.getByText('For images as files').click();
    await page.getByRole('button', { name: 'Copy this model.json' }).click();
    const copied = JSON.parse(await page.evaluate<string>('navigator.clipboard.readText()')) as object;
    assert.deepEqual(copied, {
      image: { resize: { width: 2, height: 2 }, mean: [0, 0, 0], std: [1, 1, 1] },
    });
    await shoot('any-pixels');
    await page.getByLabel('Choose an image').setInputFiles('package.json');
    await page.getByText('This browser cannot read package.json as an image.').waitFor();
  });

  it('takes texts for a model of texts, and shows how alike they are', async () => {
    await open('embedder');
    await page.getByLabel('Texts, one per line').fill('the same words\nthe same words\nquite other things');
    await run();
    await page.locator('.matrix').waitFor();
    const cells = await page.locator('.matrix td').allInnerTexts();
    const [corner, ...alike] = cells;
    assert.equal(corner, '');
    assert.deepEqual(
      [0, 1, 3, 4, 8].map((at) => alike[at]),
      ['1.00', '1.00', '1.00', '1.00', '1.00'],
    );
    assert.equal(alike.length, 9);
    assert.match(alike[2] ?? '', /^-?0\.\d\d$/);
    assert.equal(alike[2], alike[6]);
    await shoot('any-embedder');
    await page.getByLabel('Texts, one per line').fill('');
    await run();
    await page.getByText('Not sent: there is no text.').waitFor();
    assert.equal(await page.locator('.matrix').count(), 0);
  });

  it('fits a phone whatever the names of the model and its tensors', async () => {
    await page.setViewportSize({ width: 360, height: 780 });
    await open(longName);
    await page.locator('legend', { hasText: 'x'.repeat(120) }).waitFor();
    assert.equal(await page.evaluate<number>('document.documentElement.scrollWidth'), 360);
    await page.setViewportSize({ width: 1280, height: 860 });
  });

  it('lets a version be chosen, and asks that one', async () => {
    await open('two');
    const about = page.locator('#about');
    await about.getByText('in X INT32 [4]').waitFor();
    await page.getByLabel('Version').selectOption('1');
    await about.getByText('in X FP32 [4]').waitFor();
    await run();
    assert.equal(await output('Y'), '0, 0.247, 0.479, 0.682');
    assert.match(await page.locator('#curl').innerText(), /models\/two\/versions\/1\/infer/);
    await shoot('any-version');
  });

  it('leaves no answer standing where the next request fails', async () => {
    await open('open');
    await run();
    await output('Y');
    await page.getByLabel('Values', { exact: true }).fill('[1]');
    await run();
    await page.locator('#result [role=alert]').waitFor();
    assert.equal(await page.locator('#result details').count(), 0);
    await open('anomaly');
    await page.getByRole('button', { name: 'spike' }).click();
    await page.locator('.best').waitFor();
    await page.route('**/playground/samples/anomaly/normal.json', (route) => route.abort());
    await page.getByRole('button', { name: 'normal' }).click();
    await page.locator('#result [role=alert]').waitFor();
    assert.equal(await page.locator('.best').count(), 0);
  });

  it('never failed a script', () => {
    assert.deepEqual(opened.problems, []);
  });
});
