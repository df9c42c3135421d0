import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page, Route } from 'playwright-core';
import { browserObstacle } from './support/browser.js';
import { contrast, readTexts } from './support/contrast.js';
import { labels, objects, putDetector } from './support/detector.js';
import { openPage, type OpenedPage } from './support/page-set-up.js';

let opened: OpenedPage;
let page: Page;

const open = async (model = 'scene'): Promise<void> => {
  await page.goto('about:blank');
  await page.goto(`${opened.server.url}/#${model}`);
  await page.getByRole('heading', { name: model, level: 2 }).waitFor();
};
const send = async (sample = 'scene.png'): Promise<void> => {
  await page.getByRole('button', { name: `Sample ${sample}` }).click();
  await page.locator('.scene img, #result [role=alert]').first().waitFor();
};
/** Boxes as they stand on the screen, in pixels of an image of 400x200, best first. */
const readBoxes = async (): Promise<readonly (readonly number[])[]> =>
  page.evaluate(`(() => {
    const scene = document.querySelector('.scene img').getBoundingClientRect();
    const [x, y] = [(at) => ((at - scene.left) / scene.width) * 400, (at) => ((at - scene.top) / scene.height) * 200];
    return [...document.querySelectorAll('.box')].reverse().map((box) => {
      const { left, top, right, bottom } = box.getBoundingClientRect();
      return [x(left), y(top), x(right), y(bottom)];
    });
  })()`);
const assertBoxes = async (expected: readonly (readonly number[])[]): Promise<void> => {
  const found = await readBoxes();
  assert.equal(found.length, expected.length);
  for (const [at, box] of expected.entries()) {
    for (const [side, value] of box.entries()) {
      assert.ok(Math.abs(found[at]![side]! - value) < 0.5, `box ${at} is ${found[at]!.join()}, expected ${box.join()}`);
    }
  }
};
const [mug, cat, lamp, other] = objects.map(({ box }) => box);
const move = async (name: string, key: string, presses: number): Promise<void> => {
  await page.getByLabel(name).focus();
  for (let press = 0; press < presses; press += 1) await page.keyboard.press(key);
};

describe('the playground for a detector', { skip: browserObstacle }, () => {
  before(async () => {
    opened = await openPage(putDetector);
    ({ page } = opened);
  });
  after(() => opened.close());

  it('draws boxes with labels and scores where they lie in the image, and lists them', async () => {
    await open();
    await send();
    await assertBoxes([mug!, cat!, lamp!]);
    assert.deepEqual((await page.locator('.box').allInnerTexts()).reverse(), [
      'mug 87.5 %',
      'cat on the sofa 75.0 %',
      'lamp 37.5 %',
    ]);
    const rows = await page.locator('.found-list li').allInnerTexts();
    assert.deepEqual(
      rows.map((row) => row.split('\n')[0]),
      labels,
    );
    assert.match(await page.locator('.found').innerText(), /^Found 3, with a score of 0\.25 or more\.$/);
  });

  it('draws them on an image that EXIF turns as people see it', async () => {
    await open();
    await send('turned.jpg');
    await assertBoxes([mug!, cat!, lamp!]);
  });

  it('sends the image again with what the sliders say, and says so in the curl line', async () => {
    await open();
    await send();
    await move('Least score', 'ArrowRight', 20);
    await page.locator('.found', { hasText: 'Found 2, with a score of 0.45 or more.' }).waitFor();
    await assertBoxes([mug!, cat!]);
    await move('Overlap', 'End', 1);
    await page.locator('.found', { hasText: 'Found 3' }).waitFor();
    await assertBoxes([mug!, cat!, other!]);
    const line = await page.locator('#curl').innerText();
    assert.match(line, /@scene\.png '.*\?score=0\.45&iou=1'$/);
    const sample = `${opened.server.url}/playground/samples/scene/scene.png`;
    const piped = line.replace('@scene.png', '@-');
    const answer = execFileSync('sh', ['-c', `curl -s ${sample} | ${piped}`], { stdio: 'pipe' }).toString();
    assert.equal((JSON.parse(answer) as { detections: unknown[] }).detections.length, 3);
    await move('Least score', 'End', 1);
    await page.locator('.found', { hasText: 'Nothing found with a score of 1 or more.' }).waitFor();
    assert.equal(await page.locator('.box').count(), 0);
  });

  const failures: readonly (readonly [string, (route: Route) => Promise<void>, RegExp])[] = [
    ['breaks off', (route) => route.abort(), /No answer from/],
    ['answers something else', (route) => route.fulfill({ body: '<html>Welcome' }), /not JSON, it starts with "<html>/],
    ['answers another form', (route) => route.fulfill({ body: '{"detections":null}' }), /No answer/],
    ['is overloaded', (route) => route.fulfill({ status: 503, body: '{"error":"Too much"}' }), /Too much/],
  ];
  for (const [what, fail, said] of failures) {
    it(`shows no earlier answer once a request ${what}`, async () => {
      await open();
      await send();
      await page.locator('.box').first().waitFor();
      await page.route('**/predictions/**', fail);
      await page.getByRole('button', { name: 'Sample scene.png' }).click();
      await page.locator('#result [role=alert]').waitFor();
      await page.unroute('**/predictions/**');
      assert.match(await page.locator('#result').innerText(), said);
      assert.equal(await page.locator('.scene, .box, .found, .footing').count(), 0);
      assert.equal(await page.locator('#result').getAttribute('aria-busy'), null);
    });
  }

  it('shows no earlier answer beside tensors that were not sent, nor a late one', async () => {
    await open('sum');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.locator('#result details').first().waitFor();
    await page.getByLabel('Values', { exact: true }).first().fill('[1, 2');
    await page.getByRole('button', { name: 'Run' }).click();
    assert.equal(await page.locator('#result details').count(), 0);
    assert.match(await page.locator('#result').innerText(), /^Not sent/);
  });

  it('is not left dimmed when another model is chosen while a request is on its way', async () => {
    await open();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/predictions/**', async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Sample scene.png' }).click();
    await page.locator('#result[aria-busy]').waitFor();
    await page.getByRole('link', { name: /^sum/ }).click();
    await page.getByRole('heading', { name: 'sum', level: 2 }).waitFor();
    const answered = page.waitForResponse('**/predictions/**');
    release();
    await answered;
    await page.unroute('**/predictions/**');
    assert.equal(await page.locator('#result').getAttribute('aria-busy'), null);
    assert.equal(await page.locator('.scene').count(), 0);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`can be read in ${colorScheme} and fits a phone`, async () => {
      await page.emulateMedia({ colorScheme });
      await open();
      await send();
      const faint = (await readTexts(page)).filter(({ ink, ground }) => contrast(ink, ground) < 4.5);
      assert.deepEqual(faint, []);
      await page.screenshot({ path: join(opened.shots, `scene-${colorScheme}.png`), fullPage: true });
      await page.setViewportSize({ width: 360, height: 780 });
      assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'), 'too wide');
      await assertBoxes([mug!, cat!, lamp!]);
      await page.screenshot({ path: join(opened.shots, `scene-${colorScheme}-phone.png`), fullPage: true });
      await page.setViewportSize({ width: 1280, height: 860 });
    });
  }

  it('never failed a script', () => assert.deepEqual(opened.problems, []));
});
