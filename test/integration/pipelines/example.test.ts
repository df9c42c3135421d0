import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { jsonOf, send } from '../../support/http.js';
import { serveFor } from '../../support/server.js';
import { putPipeline } from './models.js';

interface Service {
  readonly volumes: readonly { readonly source: string; readonly target: string }[];
}
interface Answer {
  readonly results: { readonly faces: { readonly detections: readonly Face[] } };
}
interface Face {
  readonly box: readonly number[];
  readonly results: { readonly mask: { readonly predictions: readonly { readonly label: string }[] } };
}

describe('examples/pipeline', () => {
  it('finds the faces of its scene on one server, and their masks on another, by a third', async (context) => {
    const text = await readFile('examples/pipeline/combined/faces-and-masks/pipeline.json', 'utf8');
    const [faces, masks, combined] = [
      await serveFor(context, { folder: 'examples/pipeline/faces' }),
      await serveFor(context, { folder: 'examples/pipeline/masks' }),
      await serveFor(context, {}),
    ];
    const here = text.replace('http://faces:8000', faces.url).replace('http://masks:8000', masks.url);
    await putPipeline(combined.folder, 'faces-and-masks', here);
    await send(combined.url, { path: '/v2/repository/models/faces-and-masks/load', body: '{}' });
    const body = await readFile('examples/pipeline/scene.png');
    const answer = await send(combined.url, { path: '/predictions/faces-and-masks', body });
    assert.equal(answer.status, 200, answer.body.toString());
    const found = (jsonOf(answer) as Answer).results.faces.detections.map(({ box, results }) => ({
      at: [box[0]!, box[1]!] as const,
      mask: results.mask.predictions[0]?.label,
    }));
    const drawn = [
      { at: [20, 30], mask: 'mask' },
      { at: [110, 200], mask: 'mask' },
      { at: [210, 40], mask: 'no mask' },
    ];
    found.sort((a, b) => a.at[0] - b.at[0]);
    assert.deepEqual(
      found.map(({ mask }) => mask),
      drawn.map(({ mask }) => mask),
    );
    for (const [n, { at }] of drawn.entries()) {
      // Within the stride of the detector, 4 pixels of 160, in 320.
      assert.ok(
        at.every((edge, axis) => Math.abs(edge - found[n]!.at[axis]!) <= 8),
        JSON.stringify(found[n]),
      );
    }
  });

  it('has a server for each address of its pipeline, with the models that the steps name', async () => {
    const compose = parse(await readFile('examples/pipeline/compose.yaml', 'utf8')) as {
      services: Record<string, Service>;
    };
    const text = await readFile('examples/pipeline/combined/faces-and-masks/pipeline.json', 'utf8');
    const { steps } = JSON.parse(text) as { steps: readonly { model: string; url: string }[] };
    for (const { model, url } of steps) {
      const { hostname, port } = new URL(url);
      const [{ source, target } = { source: '', target: '' }] = compose.services[hostname]?.volumes ?? [];
      assert.deepEqual([port, target], ['8000', '/srv']);
      await readFile(`examples/pipeline/${source}/${model}/1/model.onnx`);
    }
    assert.equal(compose.services['combined']?.volumes[0]?.source, './combined');
  });
});
