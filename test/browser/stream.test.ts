import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { browserObstacle } from './support/browser.js';
import { putDetector } from './support/detector.js';
import { openPage, type OpenedPage } from './support/page-set-up.js';

describe('the page of streams in a real browser', { skip: browserObstacle }, () => {
  let opened: OpenedPage;
  before(async () => {
    opened = await openPage(putDetector, ['--api-keys', 'k:predict:secret', '--stream', 'door:scene=post']);
  });
  after(() => opened.close());

  it('asks for the key, says what it waits for, and shows frames with what was found', async () => {
    const { page, server, shots } = opened;
    await page.goto(`${server.url}/stream`);
    await page.getByLabel('API key').fill('secret');
    await page.getByRole('button', { name: 'Use this key' }).click();
    await page.locator('#state', { hasText: 'waiting' }).waitFor();
    await page.waitForSelector('#frame[src^="blob:"]');
    const body = await sharp({ create: { width: 400, height: 200, channels: 3, background: '#31465a' } })
      .jpeg()
      .toBuffer();
    const headers = { authorization: 'Bearer secret' };
    const posted = await fetch(`${server.url}/stream/door`, { method: 'POST', body, headers });
    assert.deepEqual(await posted.json(), { watchers: 1 });
    await page.locator('#found li').first().waitFor();
    assert.equal(await page.evaluate(`document.querySelector('#frame').naturalWidth`), 400);
    assert.equal(await page.locator('#found li').count(), 3);
    await page.screenshot({ path: join(shots, 'stream-light.png'), fullPage: true });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 860 });
    await page.screenshot({ path: join(shots, 'stream-dark-phone.png'), fullPage: true });
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')) <= 0);
    assert.deepEqual(opened.problems, []);
  });
});
