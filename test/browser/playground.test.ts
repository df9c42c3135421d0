import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, browserObstacle, type Browser } from './support/browser.js';
import { contrast, readTexts } from './support/contrast.js';
import { startServerProcess, type ServerProcess } from './support/server-process.js';

const samples = 'models/digits/samples';
const problems: string[] = [];
let server: ServerProcess;
let browser: Browser;
let page: Page;
let shots: string;

const open = async (model: string): Promise<void> => {
  await page.goto('about:blank');
  await page.goto(`${server.url}/#${model}`);
  await page.getByRole('heading', { name: model, level: 2 }).waitFor();
};
const best = async (): Promise<string> => (await page.locator('.best strong').textContent()) ?? '';
const shoot = (name: string) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });

/** Notes what a user must never see: scripts that fail, files that are missing, and requests that leave the server. */
function watch(watched: Page): void {
  watched.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  watched.on('console', (message) => {
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (!isRefusal && ['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  watched.on('response', (response) => {
    const isInference = response.request().method() === 'POST';
    if (!isInference && response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
  });
  watched.on('request', (request) => {
    const isOwn = /^(blob|data|about):/.test(request.url()) || request.url().startsWith(`${server.url}/`);
    if (!isOwn) problems.push(`request: ${request.url()}`);
  });
}

describe('the playground', { skip: browserObstacle }, () => {
  before(async () => {
    [server, browser] = await Promise.all([startServerProcess(), openBrowser()]);
    page = await browser.context.newPage();
    watch(page);
    shots = process.env['SCREENSHOTS'] ?? (await mkdtemp(join(tmpdir(), 'slipway-screenshots-')));
    await mkdir(shots, { recursive: true });
  });
  after(async () => {
    await browser.close();
    await server.stop();
  });

  it('reads a sample digit, with probabilities, times and device', async () => {
    await open('digits');
    await page.getByRole('button', { name: 'Sample 7-on-paper.png' }).click();
    await page.locator('.bars li').first().waitFor();
    assert.equal(await best(), '7');
    assert.match((await page.locator('.bars li').first().innerText()).replaceAll('\n', ' '), /^7 .*\d %$/);
    assert.equal(await page.locator('.device').innerText(), 'cpu');
    const legend = await page.locator('.legend li').allInnerTexts();
    assert.deepEqual(
      legend.map((text) => text.split(' ')[0]),
      ['queue', 'decode', 'compute', 'encode'],
    );
    await shoot('digits-light');
  });

  it('reads a chosen file, and a dropped one', async () => {
    await open('digits');
    await page.getByText('File', { exact: true }).click();
    await page.getByLabel('Choose images').setInputFiles(join(samples, '3.png'));
    await page.locator('.best strong', { hasText: '3' }).waitFor();
    await page.evaluate(`(async () => {
      const blob = await (await fetch('playground/samples/digits/8.png')).blob();
      const transfer = new DataTransfer();
      transfer.items.add(new File([blob], 'dropped.png', { type: 'image/png' }));
      document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    })()`);
    await page.locator('.best strong', { hasText: '8' }).waitFor();
    assert.match(await page.locator('#curl').innerText(), /@dropped\.png /);
  });

  it('reads a pasted image', async () => {
    await open('digits');
    await page.evaluate(`(async () => {
      const blob = await (await fetch('playground/samples/digits/4.png')).blob();
      const transfer = new DataTransfer();
      transfer.items.add(new File([blob], 'pasted.png', { type: 'image/png' }));
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer }));
    })()`);
    await page.locator('.best strong', { hasText: '4' }).waitFor();
  });

  it('reads what is drawn with a mouse', async () => {
    await open('digits');
    const box = (await page.locator('canvas').boundingBox())!;
    const to = (x: number, y: number) => page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 8 });
    await to(0.28, 0.2);
    await page.mouse.down();
    for (const [x, y] of [
      [0.74, 0.2],
      [0.6, 0.5],
      [0.45, 0.84],
    ] as const)
      await to(x, y);
    await page.mouse.up();
    await page.locator('.bars').waitFor();
    assert.equal(await best(), '7');
  });

  it('takes an image from the camera', async () => {
    await open('digits');
    await page.getByText('Camera', { exact: true }).click();
    await page.getByRole('button', { name: 'Take photo' }).click();
    await page.locator('.bars').waitFor();
    assert.match(await best(), /^\d$/);
    assert.match(await page.locator('#curl').innerText(), /@photo\.jpg /);
  });

  it('shows the refusal of a file that is no image in the words of the server', async () => {
    await open('digits');
    await page.getByText('File', { exact: true }).click();
    await page.getByLabel('Choose images').setInputFiles('package.json');
    const alert = page.locator('#result [role=alert]');
    await alert.waitFor();
    assert.match(await alert.innerText(), /refused it \(400\)\s+.{20,}/);
  });

  it('finds the anomaly of a sample and marks it in the line', async () => {
    await open('anomaly');
    await page.getByRole('button', { name: 'spike' }).click();
    await page.locator('.best').waitFor();
    assert.equal(await best(), 'Anomaly');
    assert.ok((await page.locator('#result .mark').count()) >= 1);
    assert.match((await page.locator('#result svg').getAttribute('aria-label')) ?? '', /64 values .*; marked: \d+/);
    await shoot('anomaly-light');
    await page.getByRole('button', { name: 'normal' }).click();
    await page.locator('.best strong', { hasText: 'Normal' }).waitFor();
    assert.equal(await page.locator('#result .mark').count(), 0);
  });

  it('gives the curl line that does the same, and copies it', async () => {
    await open('anomaly');
    await page.getByRole('button', { name: 'level shift' }).click();
    await page.locator('.best').waitFor();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const line = await page.evaluate<string>('navigator.clipboard.readText()');
    const answer = JSON.parse(execFileSync('sh', ['-c', line], { stdio: 'pipe' }).toString()) as {
      readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[];
    };
    const score = answer.outputs.find(({ name }) => name === 'score')?.data[0] ?? 0;
    assert.match(await page.locator('.best').innerText(), new RegExp(`score ${score.toPrecision(3)}`));
  });

  it('takes typed tensors from a valid example on, and says what is wrong with others', async () => {
    await open('sum');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.locator('#result details').first().waitFor();
    assert.match(
      await page.locator('#result details pre').first().innerText(),
      /^0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 0, 2/,
    );
    await page
      .getByLabel('Values', { exact: true })
      .first()
      .fill(JSON.stringify(Array(16).fill(100)));
    await page.keyboard.press('Control+Enter');
    await page.locator('#result details pre', { hasText: /^100, 101, 102/ }).waitFor();
    await page.getByLabel('Values', { exact: true }).first().fill('[1, 2');
    assert.match(await page.locator('#input [role=alert]').innerText(), /The values of A are not JSON/);
    await page.getByLabel('Values', { exact: true }).first().fill('[1, 2]');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.locator('#result [role=alert]').waitFor();
  });

  it('says why a model does not serve', async () => {
    await open('broken');
    assert.match(await page.locator('#about [role=alert]').innerText(), /not ready\s+Model 'broken'.*cannot be read/);
    assert.equal(await page.locator('#work').isVisible(), false);
  });

  it('works from the keyboard alone', async () => {
    await open('anomaly');
    const focused = () =>
      page.evaluate<string>(
        'document.activeElement.textContent.trim() || document.activeElement.getAttribute("aria-label")',
      );
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let press = 0; press < 40; press += 1) {
        await page.keyboard.press('Tab');
        if (name.test(await focused())) return;
      }
      assert.fail(`No Tab led to ${name.source}`);
    };
    await tabTo(/^Skip to the model/);
    await tabTo(/^digits/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'digits', level: 2 }).waitFor();
    await tabTo(/^Drawing sheet/);
    const line = (key: string, presses: number) => Array<string>(presses).fill(key);
    const strokes = [...line('ArrowUp', 3), ' ', ...line('ArrowDown', 20), ' '];
    for (const key of strokes) await page.keyboard.press(key);
    await page.locator('.best strong', { hasText: '1' }).waitFor();
    await tabTo(/^Sample 2\.png/);
    assert.notEqual(await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle'), 'none');
    await page.keyboard.press('Enter');
    await page.locator('.best strong', { hasText: '2' }).waitFor();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`can be read in ${colorScheme} and fits a phone`, async () => {
      await page.emulateMedia({ colorScheme });
      for (const [model, button] of [
        ['digits', 'Sample 5.png'],
        ['anomaly', 'spike'],
        ['digit-boxes', 'Sample 5.png'],
      ] as const) {
        await page.setViewportSize({ width: 1280, height: 860 });
        await open(model);
        await page.getByRole('button', { name: button }).click();
        await page.locator('.best, .scene img').first().waitFor();
        const faint = (await readTexts(page)).filter(({ ink, ground }) => contrast(ink, ground) < 4.5);
        assert.deepEqual(faint, []);
        await shoot(`${model}-${colorScheme}`);
        await page.setViewportSize({ width: 360, height: 780 });
        assert.ok(
          await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'),
          'wider than the phone',
        );
        await shoot(`${model}-${colorScheme}-phone`);
      }
      await page.setViewportSize({ width: 1280, height: 860 });
    });
  }

  it('asks for a key where the server does, keeps it, and says when the server is gone', async () => {
    process.env['SLIPWAY_API_KEYS'] = 'open-sesame';
    const guarded = await startServerProcess();
    delete process.env['SLIPWAY_API_KEYS'];
    const tab = await browser.context.newPage();
    await tab.goto(`${guarded.url}/#digits`);
    await tab.getByLabel('API key').fill('wrong');
    await tab.getByRole('button', { name: 'Use this key' }).click();
    await tab.getByText('not one of this server').waitFor();
    await tab.screenshot({ path: join(shots, 'key.png') });
    await tab.getByLabel('API key').fill('open-sesame');
    await tab.keyboard.press('Enter');
    await tab.getByRole('button', { name: 'Sample 9.png' }).waitFor();
    assert.equal(await tab.evaluate<string>('document.activeElement.id'), 'main');
    await tab.getByRole('button', { name: 'Sample 9.png' }).click();
    await tab.locator('.best strong', { hasText: '9' }).waitFor();
    assert.match(await tab.locator('#curl').innerText(), /-H "Authorization: Bearer \$SLIPWAY_KEY"/);
    await guarded.stop();
    await tab.getByRole('button', { name: 'Sample 9.png' }).click();
    await tab.getByText(/^No answer from 127\.0\.0\.1:\d+\. Is the server still running\?$/).waitFor();
    await tab.close();
  });

  it('never failed a script nor asked another server for anything', () => {
    assert.deepEqual(problems, []);
  });
});
