import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import type { Graph } from '../../src/model/onnx/writer.js';
import { putModel } from '../support/models.js';
import { browserObstacle } from './support/browser.js';
import { openPage, type OpenedPage } from './support/page-set-up.js';

/** The class of a pixel is its strongest channel. */
const strongest: Graph = {
  name: 'strongest',
  inputs: [{ name: 'pixels', datatype: 'FP32', shape: [1, 3, 32, 64] }],
  outputs: [{ name: 'scores', datatype: 'FP32', shape: [1, 3, 32, 64] }],
  nodes: [{ op: 'Identity', inputs: ['pixels'], outputs: ['scores'] }],
};
/** Half of the scene, a quarter and a quarter. */
const classes = [
  { label: 'wall', fill: '#c03020', width: 100, share: '50.0 %' },
  { label: 'grass and shrubs', fill: '#20a040', width: 50, share: '25.0 %' },
  { label: 'sky', fill: '#4060d0', width: 50, share: '25.0 %' },
] as const;

async function putScene(folder: string): Promise<void> {
  const config = {
    image: { resize: { width: 64, height: 32, fit: 'fill' } },
    segmentation: { output: 'scores', labels: classes.map(({ label }) => label) },
  };
  await putModel(folder, { name: 'scene', graph: strongest, config });
  await mkdir(join(folder, 'scene', 'samples'));
  const rects = classes.map(({ fill, width }, at) => {
    const x = classes.slice(0, at).reduce((sum, before) => sum + before.width, 0);
    return `<rect x="${x}" y="0" width="${width}" height="100" fill="${fill}"/>`;
  });
  const drawn = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100">${rects.join('')}</svg>`;
  await sharp(Buffer.from(drawn))
    .removeAlpha()
    .png()
    .toFile(join(folder, 'scene', 'samples', 'scene.png'));
}

/** Colours of the mask as it lies over the image, at so many pixels from the left of a scene 200 pixels wide. */
const readMask = (page: Page, columns: readonly number[]): Promise<readonly (readonly number[])[]> =>
  page.evaluate(`(async () => {
    const mask = document.querySelector('.scene .mask');
    await mask.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: mask.naturalWidth, height: mask.naturalHeight });
    const context = canvas.getContext('2d');
    context.drawImage(mask, 0, 0);
    return ${JSON.stringify(columns)}.map((x) => [...context.getImageData(x, 50, 1, 1).data]);
  })()`);

describe('the playground for a segmentation model', { skip: browserObstacle }, () => {
  let opened: OpenedPage;
  let page: Page;
  before(async () => {
    opened = await openPage(putScene);
    ({ page } = opened);
    await page.goto(`${opened.server.url}/#scene`);
    await page.getByRole('button', { name: 'Sample scene.png' }).click();
    await page.locator('.scene .mask').waitFor();
  });
  after(() => opened.close());

  it('lays the colour of each class over the image, in its own size, and lists the classes by their share', async () => {
    const [image, mask] = await Promise.all(
      ['.scene img:not(.mask)', '.scene .mask'].map((selector) => page.locator(selector).boundingBox()),
    );
    assert.deepEqual(mask, image);
    assert.deepEqual(
      (await readMask(page, [50, 125, 175])).map(([...channels]) => channels.slice(0, 3)),
      [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
      ],
    );
    const rows = await page.locator('.found-list li').allInnerTexts();
    assert.deepEqual(
      rows.map((row) => row.split('\n').filter((part) => part !== '')),
      classes.map(({ label, share }) => [label, share]),
    );
    assert.match((await page.locator('.scene').getAttribute('aria-label')) ?? '', /200 by 100 pixels .* 3 classes/);
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`can be read in ${scheme} and fits a phone`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      for (const [name, width] of [['wide', 1280] as const, ['phone', 360] as const]) {
        await page.setViewportSize({ width, height: 800 });
        await page.screenshot({ path: join(opened.shots, `segmentation-${scheme}-${name}.png`), fullPage: true });
        assert.ok(await page.evaluate(`document.documentElement.scrollWidth <= ${width}`), `${name} scrolls sideways`);
      }
    });
  }

  it('never failed a script', () => assert.deepEqual(opened.problems, []));
});
