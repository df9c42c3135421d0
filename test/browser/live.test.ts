import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Page, Request, Route } from 'playwright-core';
import { browserObstacle } from './support/browser.js';
import { putDetector } from './support/detector.js';
import { openPage, type OpenedPage } from './support/page-set-up.js';

const isFrame = (request: Request): boolean => request.method() === 'POST' && request.url().includes('/predictions/');

describe('the live view of the playground', { skip: browserObstacle }, () => {
  let opened: OpenedPage;
  let page: Page;
  /** Frames that were sent, that are on their way, and most of them at one time. */
  const counts = { sent: 0, now: 0, most: 0 };
  before(async () => {
    opened = await openPage(putDetector);
    ({ page } = opened);
    page.on('request', (request) => {
      if (!isFrame(request)) return;
      counts.sent += 1;
      counts.now += 1;
      counts.most = Math.max(counts.most, counts.now);
    });
    const end = (request: Request) => isFrame(request) && (counts.now -= 1);
    page.on('requestfinished', end);
    page.on('requestfailed', end);
  });
  after(() => opened.close());
  beforeEach(async () => {
    await page.unrouteAll();
    await page.goto('about:blank');
    await page.goto(`${opened.server.url}/#scene`);
    await page.getByText('Camera', { exact: true }).click();
    await page.locator('.camera video:not([hidden])').waitFor();
    Object.assign(counts, { sent: 0, now: 0, most: 0 });
  });

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const rateWith = (text: RegExp) => page.locator('.rate', { hasText: text }).waitFor();
  /** Waits until the camera has shown more frames. */
  const letPass = (frames: number): Promise<void> =>
    page.evaluate(`new Promise((resolve) => {
      const video = document.querySelector('.camera video');
      let left = ${frames};
      const wait = () => ((left -= 1) < 0 ? resolve() : video.requestVideoFrameCallback(wait));
      wait();
    })`);

  it('draws boxes over frame after frame, one request at a time, and says how fast it goes', async () => {
    await press('Live');
    await rateWith(/^\d+\.\d frames per second, \d+ ms each; (?:[3-9]|\d\d+) sent, \d+ dropped$/);
    assert.equal(await page.locator('.scene .box').count(), 3);
    assert.equal(await page.locator('#result').getAttribute('aria-live'), 'off');
    assert.match(await page.locator('#curl').innerText(), /@frame\.jpg /);
    await page.screenshot({ path: join(opened.shots, 'live-light.png'), fullPage: true });
    await press('Stop');
    const { sent, most } = counts;
    assert.equal(most, 1);
    await letPass(10);
    assert.ok(counts.sent <= sent + 1, `${counts.sent - sent} frames were sent after the stop`);
    assert.equal(await page.locator('#result').getAttribute('aria-live'), 'polite');
    assert.equal(await page.locator('.scene .box').count(), 3, 'the last answer stays');
  });

  it('drops and counts the frames that the camera shows while one is on its way', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/predictions/**', async (route: Route) => {
      await held;
      await route.continue();
    });
    const first = page.waitForRequest(isFrame);
    await press('Live');
    await first;
    await letPass(8);
    assert.equal(counts.sent, 1);
    release();
    await rateWith(/ sent, (?:[5-9]|\d\d+) dropped$/);
  });

  it('goes on after a server without room, which it counts, and ends with any other refusal', async () => {
    const answers = [503, 429, 200, 413];
    await page.route('**/predictions/**', async (route: Route) => {
      const status = answers.shift() ?? 200;
      if (status === 200) await route.continue();
      else await route.fulfill({ status, body: JSON.stringify({ error: `refused with ${status}` }) });
    });
    await press('Live');
    await rateWith(/3 sent, \d+ dropped, 2 refused by a busy server$/);
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
    assert.match(await page.locator('#result [role=alert]').innerText(), /refused with 413/);
    assert.equal(await page.locator('.scene').count(), 0, 'no answer is left standing');
    assert.equal(counts.sent, 4);
  });

  it('ends and gives the camera back where another way to give an image is chosen', async () => {
    await press('Live');
    await rateWith(/frames per second/);
    await page.evaluate(`window.track = document.querySelector('.camera video').srcObject.getTracks()[0]; 0`);
    await page.getByText('File', { exact: true }).click();
    assert.equal(await page.evaluate('window.track.readyState'), 'ended');
    assert.equal(await page.locator('#result').getAttribute('aria-live'), 'polite');
  });

  it('takes a new threshold with the next frame, and shows itself in the dark on a phone', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 860 });
    await press('Live');
    await rateWith(/frames per second/);
    await page.getByLabel('Least score').focus();
    for (let step = 0; step < 60; step += 1) await page.keyboard.press('ArrowRight');
    await page.locator('.found', { hasText: 'Found 1,' }).waitFor();
    assert.equal(counts.most, 1);
    await page.screenshot({ path: join(opened.shots, 'live-dark-phone.png'), fullPage: true });
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    assert.ok(overflow <= 0);
    assert.deepEqual(opened.problems, []);
  });
});
