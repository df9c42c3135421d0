import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { temporaryFolder } from '../../support/folder.js';
import { docker, run } from '../docker-cli.js';
import { nodeBase } from '../stand-in.js';
import { openTestEngine } from '../support.js';

const engine = await openTestEngine(nodeBase);
const hasCompose = engine.skip === false && (await run('docker', ['compose', 'version'])).code === 0;
if (engine.skip === false && !hasCompose && process.env['REQUIRE_ENGINE'] === '1')
  throw new Error('docker compose is missing');
const skip = engine.skip === false ? (hasCompose ? false : 'needs docker compose') : engine.skip;
const image = `slipway-test-pipeline:${process.pid}`;

describe('examples/pipeline as containers', { skip }, () => {
  const folder = temporaryFolder('pipeline-');
  const file = join(folder, 'compose.yaml');
  const compose = (...words: readonly string[]): Promise<string> =>
    docker('compose', '--project-name', `slipway-test-pipeline-${process.pid}`, '--file', file, ...words);

  before(async () => {
    await docker('build', '--file', 'docker/Dockerfile.cpu', '--tag', image, '.');
    await cp('examples/pipeline', folder, { recursive: true });
    const text = await readFile(file, 'utf8');
    // An image and ports of the test's own; the rest is the example's.
    const own = text.replaceAll('slipway:cpu', image).replaceAll(/127\.0\.0\.1:800(\d):8000/g, '127.0.0.1:1845$1:8000');
    await writeFile(file, own.replaceAll(/\n {4}build:\n {6}context: .*\n {6}dockerfile: .*/g, ''));
  });
  after(async () => {
    await compose('down', '--volumes');
    await docker('image', 'rm', '--force', image);
    await rm(folder, { recursive: true, force: true });
  });

  it('find faces and their masks in one call, each on its own server, reached by name', async () => {
    await compose('up', '--detach', '--wait');
    const body = Uint8Array.from(await readFile(join(folder, 'scene.png')));
    const answer = await fetch('http://127.0.0.1:18450/predictions/faces-and-masks', { method: 'POST', body });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const { results, steps } = JSON.parse(text) as {
      results: { faces: { detections: { box: number[]; results: { mask: { predictions: { label: string }[] } } }[] } };
      steps: { url: string; calls: number }[];
    };
    const masks = results.faces.detections
      .toSorted((a, b) => a.box[0]! - b.box[0]!)
      .map((face) => face.results.mask.predictions[0]?.label);
    assert.deepEqual(masks, ['mask', 'mask', 'no mask']);
    assert.deepEqual(
      steps.map(({ url, calls }) => [url, calls]),
      [
        ['http://faces:8000', 1],
        ['http://masks:8000', 3],
      ],
    );
  });

  it('say which step cannot be asked when one of them is stopped', async () => {
    await compose('stop', 'masks');
    const body = Uint8Array.from(await readFile(join(folder, 'scene.png')));
    const refused = await fetch('http://127.0.0.1:18450/predictions/faces-and-masks', { method: 'POST', body });
    assert.ok([502, 503].includes(refused.status), String(refused.status));
    assert.match(await refused.text(), /step 'mask'|Step 'mask'/);
  });
});
