import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inspect } from '../../../src/server/inspect/inspect.js';
import type { Inspection } from '../../../src/server/inspect/types.js';
import { formatInspections } from '../../../src/server/inspect/inspection-text.js';
import type { ModelMetadata } from '../../../src/protocol/types.js';
import { temporaryFolder } from '../../support/folder.js';
import { jsonOf, send } from '../../support/http.js';
import { openTestServer, type TestServer } from '../../support/server.js';
import { putKinds } from './models.js';

interface IndexEntry {
  readonly name: string;
  readonly version?: string;
  readonly state: string;
  readonly reason: string;
}

/** Facts that only a server has: the device, what its runtime does, and rows that it measured. */
const ownFacts = ['device', 'device_evidence', 'provider_reason', 'weights', 'instances'];

const folder = temporaryFolder('inspect-');
let inspections: readonly Inspection[];
let opened: TestServer & { stop(): Promise<void> };

const titleOf = ({ name, version = '' }: { readonly name: string; readonly version?: string }) => `${name}/${version}`;
const reasonOf = (one: Inspection): string => (one.state === 'servable' ? '' : one.reason);

describe('slipway inspect', () => {
  before(async () => {
    await putKinds(folder);
    inspections = (await inspect(folder)).models;
    opened = await openTestServer({ folder });
  });
  after(() => opened.stop());

  it('says of every model what the server makes of it: served, refused and why, or left out', async () => {
    const answer = await send(opened.url, { path: '/v2/repository/index', method: 'POST', body: '{}' });
    const index = jsonOf(answer) as readonly IndexEntry[];
    assert.ok(index.length >= 14);
    const states = { servable: 'READY', refused: 'UNAVAILABLE', 'not served': 'UNAVAILABLE' } as const;
    assert.deepEqual(
      inspections.map((one) => [titleOf(one), states[one.state], reasonOf(one).replace(/\.$/, '')]).sort(),
      index
        .map((one) => [
          titleOf(one),
          one.state,
          one.reason.replace(/^Model '[^']+' version \d+ cannot be loaded: /, '').replace(/\.$/, ''),
        ])
        .sort(),
    );
  });

  it('describes what is served in the words of GET /v2/models/<name>, less what only a server knows', async () => {
    const served = inspections.flatMap((one) => (one.state === 'servable' ? [one] : []));
    assert.ok(served.length >= 7);
    for (const { name, version, model } of served) {
      const answer = await send(opened.url, { path: `/v2/models/${name}/versions/${version ?? ''}?metadata=whole` });
      const { properties = {}, notes, ...rest } = jsonOf(answer) as ModelMetadata;
      const known = Object.fromEntries(Object.entries(properties).filter(([key]) => !ownFacts.includes(key)));
      assert.deepEqual(
        { ...(JSON.parse(JSON.stringify(model)) as ModelMetadata), versions: rest.versions },
        { ...rest, properties: known, ...(notes === undefined ? {} : { notes }) },
        name,
      );
    }
  });

  it('names tasks and where they were found', () => {
    const found = (name: string) => {
      const one = inspections.find((each) => each.name === name);
      assert.equal(one?.state, 'servable');
      return [
        one.model.properties?.['task'],
        one.model.notes?.find((note) => note.startsWith('Found in')) ?? '',
      ] as const;
    };
    assert.match(
      found('boxes').join(': '),
      /^detection: Found in the model file's metadata \(Ultralytics\): detection of 10 classes/,
    );
    assert.match(found('face').join(': '), /^classification: Found in config\.json: ViTForImageClassification/);
    assert.match(found('timm').join(': '), /^classification: Found in config\.json/);
    assert.match(found('texts')[1], /^Found in tokenizer\.json/);
    assert.deepEqual(found('alone'), [undefined, '']);
  });

  it('prints lines that hold inputs, outputs, findings, refusals and the block that would take images', () => {
    const text = formatInspections({ models: inspections, pipelines: [] });
    for (const line of [
      /^boxes\/1 {2}\S+\/boxes\/model\.onnx$/m,
      /^ {2}input +images FP32 \[batch,3,160,160\]$/m,
      /^ {2}output +logits FP32 \[batch,3\]$/m,
      /^ {2}task +detection$/m,
      /^ {2}opset +17$/m,
      /^ {2}metadata imgsz +\[160, 160\]$/m,
      /^ {2}! Found in config\.json: ViTForImageClassification, classification of 3 classes\.$/m,
      /^ {2}✗ refused: model\.json is wrong: bathing is not a known key/m,
      /^ {2}- not served: only the highest version is, unless model\.json has "versions": "all" or a list$/m,
      /^ {2}takes no images +but would with "image":\{"resize":\{"width":16,"height":24\}/m,
    ])
      assert.match(text, line);
  });

  it('takes a file, a version of a model and a folder without a model at their word', async () => {
    assert.deepEqual(
      (await inspect(join(folder, 'alone.onnx'))).models.map(({ name, state }) => [name, state]),
      [['alone', 'servable']],
    );
    assert.deepEqual(
      (await inspect(join(folder, 'face'))).models.map(({ name, state }) => [name, state]),
      [['face', 'servable']],
    );
    assert.deepEqual(
      (await inspect(join(folder, 'broken.onnx'))).models.map(({ name, state }) => [name, state]),
      [['broken', 'refused']],
    );
    await assert.rejects(inspect(temporaryFolder('inspect-')), { code: 'NOT_FOUND', message: /holds no model/ });
    const others = temporaryFolder('inspect-');
    await mkdir(join(others, 'resnet'));
    await writeFile(join(others, 'resnet', 'model.pt'), '');
    await writeFile(join(others, 'resnet', 'notes.md'), '');
    await assert.rejects(inspect(others), {
      message: /holds no model, but resnet\/model\.pt: only ONNX files are served\. Exp/,
    });
    await assert.rejects(inspect(join(folder, 'nothing')), { code: 'NOT_FOUND' });
    await assert.rejects(inspect(join(folder, 'nothing.onnx')), { code: 'USAGE', message: /There is no model file/ });
    const text = join(folder, 'notes.txt');
    await writeFile(text, 'a text');
    await assert.rejects(inspect(text), { code: 'USAGE', message: /notes\.txt is not a model/ });
  });
});
