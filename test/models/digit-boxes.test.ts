import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { jsonOf, send } from '../support/http.js';
import { openTestServer, type TestServer } from '../support/server.js';
import { meanAveragePrecision, overlapOf, type Marked, type Scored } from './average-precision.js';

const folder = 'models/digit-boxes';
let opened: TestServer & { stop(): Promise<void> };

interface Detection extends Scored {
  readonly label: string;
}

async function detect(file: string, query = ''): Promise<readonly Detection[]> {
  const body = await readFile(join(folder, file));
  const answer = await send(opened.url, { path: `/predictions/digit-boxes${query}`, body });
  assert.equal(answer.status, 200, answer.body.toString());
  return (jsonOf(answer) as { detections: readonly Detection[] }).detections;
}

/** The digits of each held-out scene. */
async function readWanted(): Promise<readonly (readonly Marked[])[]> {
  const text = await readFile(join(folder, 'held-out', 'boxes.json'), 'utf8');
  const scenes = JSON.parse(text) as readonly (readonly [number, number, number, number, number][])[];
  return scenes.map((rows) => rows.map(([x0, y0, x1, y1, index]) => ({ box: [x0, y0, x1, y1], index })));
}

const sceneNames = Array.from({ length: 16 }, (_, index) => `${String(index).padStart(2, '0')}.png`);

describe('the bundled detector of digits', () => {
  before(async () => {
    opened = await openTestServer({ folder: 'models' });
  });
  after(() => opened.stop());

  it('is served as a detector without a model.json, by what its file says', async () => {
    assert.ok(!(await readdir(folder)).includes('model.json'));
    const answer = await send(opened.url, { path: '/v2/models/digit-boxes' });
    const { properties, notes } = jsonOf(answer) as { properties: Record<string, string>; notes: readonly string[] };
    assert.deepEqual(
      [properties['task'], properties['detection_form'], properties['labels'], properties['image_size']],
      ['detection', 'yolov8', '10', '160x160'],
    );
    assert.deepEqual(notes, [
      'Found in the model file\'s metadata (Ultralytics): detection of 10 classes, form "yolov8", images 160x160 with bars.',
    ]);
  });

  it('reaches a mAP@0.5 of 0.9 on the held-out scenes, asked as clients ask', async () => {
    const wanted = await readWanted();
    assert.deepEqual(await readdir(join(folder, 'held-out')), [...sceneNames, 'boxes.json']);
    assert.deepEqual(
      [wanted.length, wanted.flat().length, new Set(wanted.flat().map(({ index }) => index)).size],
      [16, 109, 10],
    );
    const found = await Promise.all(sceneNames.map((name) => detect(join('held-out', name), '?score=0.01&max=10000')));
    const precision = meanAveragePrecision(found, wanted);
    assert.ok(precision >= 0.9, `mAP@0.5 is ${precision}`);
    const nothing = meanAveragePrecision(
      found.map((each) => each.map((one) => ({ ...one, index: (one.index + 1) % 10 }))),
      wanted,
    );
    assert.ok(nothing < 0.2, `with other digits it is ${nothing}`);
  });

  it('finds nine of ten held-out digits at its own least score, each where it is', async () => {
    const wanted = await readWanted();
    const found = await Promise.all(sceneNames.map((name) => detect(join('held-out', name))));
    const hits = wanted.flatMap((boxes, at) =>
      boxes.filter(({ box, index }) => found[at]!.some((one) => one.index === index && overlapOf(one.box, box) >= 0.5)),
    );
    assert.ok(hits.length / wanted.flat().length >= 0.9, `${hits.length} of ${wanted.flat().length}`);
    assert.ok(found.flat().every(({ label, index, score }) => label === String(index) && score >= 0.25));
  });

  it('is one file under 3 MB', async () => {
    assert.ok((await stat(join(folder, '1', 'model.onnx'))).size < 3_000_000);
  });
});
