import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { findsBoxes, putModel } from '../support/models.js';
import { constantModel } from '../tasks/detection/forms.js';
import { browserObstacle } from './support/browser.js';
import { openPage, type OpenedPage } from './support/page-set-up.js';

const samples = join('models', 'digits', 'samples');
const names = ['a cup of tea', 'spoon', 'saucer'];
/** Boxes that lie upon each other, in an image of 300x200. */
const crowd = Array.from({ length: 9 }, (_, n) => ({
  box: [20 + 12 * n, 10 + 9 * n, 150 + 12 * n, 100 + 9 * n] as const,
  index: n % 3,
  score: 0.95 - n / 20,
}));

async function putCrowd(folder: string): Promise<void> {
  const graph = findsBoxes({ name: 'crowd', labels: names, boxes: crowd, size: [300, 200] });
  const detection = { form: 'yolov8', labels: names, suppress: 'none' };
  const resize = { fit: 'contain', background: [114, 114, 114] };
  await putModel(folder, { name: 'crowd', graph, config: { image: { resize }, detection } });
}

/** One object over the whole image, whose mask is its left half. */
async function putHalf(folder: string): Promise<void> {
  const prototypes = Array.from({ length: 16 * 16 }, (_, n) => (n % 16 < 8 ? 1 : -1));
  const graph = constantModel({
    output0: { shape: [1, 6, 1], data: Float32Array.of(32, 32, 64, 64, 0.9, 1) },
    output1: { shape: [1, 1, 16, 16], data: Float32Array.from(prototypes) },
  });
  const metadata = { task: 'segment', stride: '32', imgsz: '[64, 64]', names: "{0: 'half'}" };
  await putModel(folder, { name: 'objects', graph: { ...graph, metadata } });
}

const scene = (background: string) =>
  sharp({ create: { width: 300, height: 200, channels: 3, background } })
    .png()
    .toBuffer();

describe('the playground for images', { skip: browserObstacle }, () => {
  let opened: OpenedPage;
  let page: Page;
  const open = async (model: string): Promise<void> => {
    await page.goto('about:blank');
    await page.goto(`${opened.server.url}/#${model}`);
    await page.getByRole('heading', { name: model, exact: true }).waitFor();
    await page.getByText('File', { exact: true }).click();
  };
  const choose = (files: Parameters<ReturnType<Page['locator']>['setInputFiles']>[0]) =>
    page.getByLabel('Choose images').setInputFiles(files);
  const allAnswered = (count: number) =>
    page.locator('#result > [role=status]', { hasText: `${count} images` }).waitFor();
  before(async () => {
    opened = await openPage(async (folder) => {
      await putCrowd(folder);
      await putHalf(folder);
    });
    ({ page } = opened);
  });
  after(() => opened.close());

  it('answers several files one by one, each under its name, a file that is none in the words of the server', async () => {
    await open('digits');
    await choose([...['3.png', '7.png', '8.png'].map((name) => join(samples, name)), 'package.json']);
    await allAnswered(4);
    const answers = page.locator('.answers > li');
    assert.deepEqual(await answers.locator('h4').allInnerTexts(), ['3.png', '7.png', '8.png', 'package.json']);
    assert.deepEqual(await answers.locator('.best strong').allInnerTexts(), ['3', '7', '8']);
    assert.match(await answers.last().locator('[role=alert]').innerText(), /refused it \(400\)/);
    assert.match(
      await page.locator('#curl').innerText(),
      /^for image in 3\.png 7\.png 8\.png package\.json; do curl --data-binary "@\$image" \S+\/predictions\/digits; done$/,
    );
  });

  it('takes several that are dropped, and one after that stands alone again', async () => {
    await open('digits');
    await page.evaluate(`(async () => {
      const transfer = new DataTransfer();
      for (const name of ['8.png', '4.png']) {
        const blob = await (await fetch('playground/samples/digits/' + name)).blob();
        transfer.items.add(new File([blob], name, { type: 'image/png' }));
      }
      document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    })()`);
    await allAnswered(2);
    assert.deepEqual(await page.locator('.answers .best strong').allInnerTexts(), ['8', '4']);
    await choose(join(samples, '5.png'));
    await page.locator('#result > .best', { hasText: '5' }).waitFor();
    assert.equal(await page.locator('.answers').count(), 0);
  });

  it('shows what the model saw beside what was sent, for each of several too', async () => {
    await open('crowd');
    const file = { name: 'teal.png', mimeType: 'image/png', buffer: await scene('#108090') };
    await choose(file);
    await page.locator('.scene').waitFor();
    assert.equal(await page.locator('.seen').count(), 0);
    await page.getByLabel('Show what the model saw').check();
    const captions = page.locator('.seen figcaption');
    await captions.first().waitFor();
    assert.deepEqual(await captions.allInnerTexts(), ['Sent 300 × 200', 'What the model saw 64 × 64']);
    assert.match(await page.locator('#curl').innerText(), /\?preview=true'?$/);
    const seen = await page.evaluate(`(async () => {
      const image = document.querySelectorAll('.seen img')[1];
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      return [[32, 2], [32, 32]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3));
    })()`);
    assert.deepEqual(seen, [
      [114, 114, 114],
      [0x10, 0x80, 0x90],
    ]);
    await page.screenshot({ path: join(opened.shots, 'seen-light.png'), fullPage: true });
    await choose([file, { ...file, name: 'rose.png', buffer: await scene('#d04070') }]);
    await allAnswered(2);
    assert.equal(await page.locator('.answers .seen img').count(), 4);
  });

  it('keeps the labels of boxes that lie upon each other apart, and within the image, at any width', async () => {
    await open('crowd');
    await choose({ name: 'teal.png', mimeType: 'image/png', buffer: await scene('#108090') });
    await page.locator('.scene .box').first().waitFor();
    for (const width of [1280, 700, 360]) {
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: join(opened.shots, `crowd-${width}.png`), fullPage: true });
      const found = await page.evaluate<{ shown: number; meeting: number; outside: number }>(`(() => {
        const areas = [...document.querySelectorAll('.box span')].filter((label) => label.style.visibility === 'visible')
          .map((label) => label.getBoundingClientRect());
        const room = document.querySelector('.scene').getBoundingClientRect();
        const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
        const isIn = (a) => a.left >= room.left - 1 && a.right <= room.right + 1 && a.top >= room.top - 1 && a.bottom <= room.bottom + 1;
        return {
          shown: areas.length,
          meeting: areas.flatMap((a, n) => areas.slice(n + 1).filter((b) => meet(a, b))).length,
          outside: areas.filter((a) => !isIn(a)).length,
        };
      })()`);
      assert.deepEqual([found.meeting, found.outside], [0, 0], String(width));
      assert.ok(found.shown >= 5, `${found.shown} labels at ${width}`);
    }
    await page.setViewportSize({ width: 1280, height: 860 });
  });

  it('draws the mask of each object in the tone of its box', async () => {
    await open('objects');
    await choose({ name: 'gray.png', mimeType: 'image/png', buffer: await scene('#808080') });
    await page.locator('.scene canvas.mask').waitFor();
    const drawn = await page.evaluate(`(() => {
      const canvas = document.querySelector('.scene canvas.mask');
      const at = (x) => [...canvas.getContext('2d').getImageData(x, 100, 1, 1).data];
      return { size: [canvas.width, canvas.height], left: at(60), right: at(240) };
    })()`);
    assert.deepEqual(drawn, { size: [300, 200], left: [0x0b, 0x6e, 0x8a, 255], right: [0, 0, 0, 0] });
    await page.screenshot({ path: join(opened.shots, 'objects-light.png'), fullPage: true });
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`can be read in ${scheme} and fits a phone with several answers`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await open('crowd');
      await page.getByLabel('Show what the model saw').check();
      const files = ['#108090', '#d04070'].map(async (color, n) => {
        return { name: `scene ${n}.png`, mimeType: 'image/png', buffer: await scene(color) };
      });
      await choose(await Promise.all(files));
      await allAnswered(2);
      for (const [name, width] of [['wide', 1280] as const, ['phone', 360] as const]) {
        await page.setViewportSize({ width, height: 800 });
        await page.screenshot({ path: join(opened.shots, `images-${scheme}-${name}.png`), fullPage: true });
        assert.ok(await page.evaluate(`document.documentElement.scrollWidth <= ${width}`), `${name} scrolls sideways`);
      }
      await page.setViewportSize({ width: 1280, height: 860 });
    });
  }

  it('never failed a script', () => assert.deepEqual(opened.problems, []));
});
