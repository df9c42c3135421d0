import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { identity, putModel } from '../support/models.js';
import { browserObstacle } from './support/browser.js';
import { contrast, readTexts } from './support/contrast.js';
import { openPage, type OpenedPage } from './support/page-set-up.js';

const large = identity('FP32', ['batch', 3, 32, 32]);
const operation = (page: Page, id: string): Locator => page.locator(`[id$="-${id}"]`);

/** What the server answers once an operation is executed: its status, and the model that answered. */
async function execute(block: Locator): Promise<readonly [status: number, model: unknown]> {
  const answer = block.page().waitForResponse((response) => response.request().method() === 'POST');
  await block.getByRole('button', { name: 'Execute' }).click();
  const response = await answer;
  const { model_name: model } = (await response.json()) as { model_name?: unknown };
  await block.locator('.live-responses-table').waitFor();
  return [response.status(), model];
}

const open = async (page: Page, id: string): Promise<Locator> => {
  const block = operation(page, id);
  await block.locator('.opblock-summary-control').click();
  return block;
};

/** Chooses a model, whose body is then shown. */
async function choose(block: Locator, model: string, inBody: string): Promise<void> {
  await block.locator('[data-param-name="model"] select').selectOption(model);
  await block.locator('textarea.body-param__text', { hasText: inBody }).waitFor();
}

describe('the API page in a real browser', { skip: browserObstacle }, () => {
  let opened: OpenedPage;
  before(async () => {
    opened = await openPage(
      async (folder) => {
        await putModel(folder, { name: 'wide', graph: large });
      },
      ['--api-keys', 'someone:predict:secret-key'],
    );
  });
  after(() => opened.close());

  it('opens without a key, refuses a wrong one, and shows the models with the right one', async () => {
    const { page, server, shots } = opened;
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url())) elsewhere.push(request.url());
    });
    await page.goto(`${server.url}/docs`);
    await page.getByText('Enter a key').waitFor();
    await page.locator('.auth-wrapper .authorize').click();
    const field = page.locator('.auth-container input');
    await field.fill('wrong');
    await page.locator('.auth-btn-wrapper .authorize').click();
    await page.locator('.auth-container .errors').waitFor();
    await page.screenshot({ path: join(shots, 'docs-wrong-key.png') });
    await field.fill('secret-key');
    await page.locator('.auth-btn-wrapper .authorize').click();
    await page.locator('.auth-btn-wrapper .btn-done').click();
    await page.getByText('Enter a key').waitFor({ state: 'detached' });
    const block = await open(page, 'predict');
    const options = block.locator('[data-param-name="model"] select option');
    await options.filter({ hasText: 'wide' }).waitFor({ state: 'attached' });
    const models = await options.allInnerTexts();
    const headers = { authorization: 'Bearer secret-key' };
    const served = (await (await fetch(`${server.url}/v2/models`, { headers })).json()) as { models: string[] };
    assert.ok(served.models.length >= 4);
    assert.deepEqual(models.filter((name) => name !== '--').toSorted(), served.models.toSorted());
    assert.deepEqual(elsewhere, []);
  });

  it('sends every model’s example as it stands, whichever model is chosen', async () => {
    const { page, shots } = opened;
    const predict = operation(page, 'predict');
    assert.deepEqual(await execute(predict), [200, 'anomaly']);
    for (const [model, inBody] of [
      ['digits', '"image"'],
      ['sum', '"INT32"'],
      ['wide', '"X"'],
      ['anomaly', '"inputs"'],
    ] as const) {
      await choose(predict, model, inBody);
      assert.deepEqual(await execute(predict), [200, model]);
    }
    const infer = await open(page, 'modelInfer');
    await choose(infer, 'sum', '"INT32"');
    assert.deepEqual(await execute(infer), [200, 'sum']);
    await infer.scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(shots, 'docs-sum.png') });
  });

  it('keeps the key for the tab, as the playground does, until it is taken back', async () => {
    const { page, server } = opened;
    await page.reload();
    const predict = await open(page, 'predict');
    assert.deepEqual(await execute(predict), [200, 'anomaly']);
    await page.goto(server.url);
    await page.getByText('digits').first().waitFor();
    await page.goto(`${server.url}/docs`);
    await page.locator('.auth-wrapper .authorize').click();
    await page.locator('.auth-btn-wrapper', { hasText: 'Logout' }).locator('button').first().click();
    await page.getByText('Enter a key').waitFor();
    assert.equal(await page.evaluate(`sessionStorage.getItem('slipway-key')`), null);
  });

  it('can be read in the light, in the dark and on a phone', async () => {
    const { page, server, shots } = opened;
    await page.evaluate(`sessionStorage.setItem('slipway-key', 'secret-key')`);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 860 });
        await page.goto(`${server.url}/docs`);
        const predict = await open(page, 'predict');
        assert.deepEqual(await execute(predict), [200, 'anomaly']);
        await page.screenshot({ path: join(shots, `docs-${colorScheme}-${width}.png`), fullPage: true });
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        assert.ok(overflow <= 0, `${colorScheme} ${width}: ${overflow} pixels beyond the edge`);
      }
    }
    for (const { text, ink, ground } of await readTexts(page)) {
      const ratio = contrast(ink, ground);
      assert.ok(ratio >= 3, `in the dark "${text}" has a contrast of ${ratio.toFixed(1)}`);
    }
    assert.deepEqual(opened.problems, []);
  });
});
