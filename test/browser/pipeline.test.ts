import assert from 'node:assert/strict';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { putPipeline } from '../integration/pipelines/models.js';
import { browserObstacle } from './support/browser.js';
import { openPage, type OpenedPage } from './support/page-set-up.js';

/** The example's two models and its scene on one server, as a pipeline with a step on the whole scene beside. */
async function putExample(folder: string): Promise<void> {
  await cp('examples/pipeline/faces', folder, { recursive: true });
  await cp('examples/pipeline/masks', folder, { recursive: true });
  await putPipeline(folder, 'masked', {
    description: 'Faces and their masks',
    steps: [
      { name: 'faces', model: 'face-detection' },
      { name: 'mask', model: 'mask-detection', crop: { of: 'faces', margin: 0.05, most: 2 } },
      { name: 'whole', model: 'mask-detection' },
    ],
  });
  await mkdir(join(folder, 'masked', 'samples'));
  await cp('examples/pipeline/scene.png', join(folder, 'masked', 'samples', 'scene.png'));
}

describe('the playground for a pipeline', { skip: browserObstacle }, () => {
  let opened: OpenedPage;
  let page: Page;
  before(async () => {
    opened = await openPage(putExample);
    ({ page } = opened);
    await page.goto(`${opened.server.url}/#masked`);
    await page.getByRole('button', { name: 'Sample scene.png' }).click();
    await page.locator('.scene .box').first().waitFor();
  });
  after(() => opened.close());

  it('draws boxes with what later steps say of them, and what steps say of the whole image', async () => {
    const boxes = await page.locator('.scene .box').allInnerTexts();
    assert.equal(boxes.length, 3);
    assert.equal(
      boxes.filter((text) => /^face · (no )?mask (> )?\d+\.\d % \d+\.\d %$/.test(text)).length,
      2,
      boxes.join(),
    );
    assert.equal(boxes.filter((text) => /^face \d+\.\d %$/.test(text)).length, 1, boxes.join());
    assert.deepEqual(await page.locator('#result h3').allInnerTexts(), ['faces', 'whole']);
  });

  it('names each step with its model, its device, its time, and what it left out', async () => {
    const steps = await page.getByRole('list', { name: 'Steps' }).getByRole('listitem').allInnerTexts();
    assert.equal(steps.length, 3);
    assert.match(steps[0]!, /^faces 1 of face-detection, on cpu: /);
    assert.match(steps[1]!, /^mask 2 of mask-detection, on cpu, 1 left out: /);
    assert.match(await page.locator('#about').innerText(), /Faces and their masks/);
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`can be read in ${scheme} and fits a phone`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      for (const [name, width] of [['wide', 1280] as const, ['phone', 360] as const]) {
        await page.setViewportSize({ width, height: 800 });
        await page.screenshot({ path: join(opened.shots, `pipeline-${scheme}-${name}.png`), fullPage: true });
        assert.ok(await page.evaluate(`document.documentElement.scrollWidth <= ${width}`), `${name} scrolls sideways`);
      }
    });
  }

  it('never failed a script', () => assert.deepEqual(opened.problems, []));
});
