import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { auroc, cutWindows, mean, rollingZ, type JudgedWindow, type LabelledSeries } from './windows.js';

const folder = 'models/anomaly';
let session: InferenceSession;
let windows: readonly JudgedWindow[];
let scores: readonly number[];

async function detect(rows: readonly (readonly number[])[]) {
  const outputs = await session.run({
    window: new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, 64]),
  });
  const read = (name: string) => [...(outputs[name]!.data as Float32Array)];
  return { scores: read('score'), points: read('points') };
}

async function readSample(name: string): Promise<readonly number[]> {
  const body = JSON.parse(await readFile(join(folder, 'samples', `${name}.json`), 'utf8')) as {
    readonly inputs: readonly [{ readonly name: string; readonly shape: readonly number[]; readonly data: number[] }];
  };
  assert.deepEqual([body.inputs[0].name, body.inputs[0].shape], ['window', [1, 64]]);
  return body.inputs[0].data;
}

describe('the bundled anomaly model', () => {
  before(async () => {
    session = await InferenceSession.create(join(folder, '1', 'model.onnx'), { intraOpNumThreads: 1 });
    const text = await readFile(join(folder, 'held-out', 'series.json'), 'utf8');
    windows = (JSON.parse(text) as readonly LabelledSeries[]).flatMap(cutWindows);
    scores = (await detect(windows.map(({ values }) => values))).scores;
  });

  it('ranks held-out windows with a fault above normal ones, far better than a rolling z-score', () => {
    const baseline = auroc(
      windows,
      windows.map(({ values }) => rollingZ(values)),
    );
    assert.equal(windows.length, 1339);
    assert.ok(auroc(windows, scores) >= 0.97);
    assert.ok(auroc(windows, scores) >= baseline + 0.1, `rolling z-score: ${baseline}`);
  });

  it('finds most faults at its threshold of 0.5 with few false alarms', () => {
    const found = windows.filter((_, index) => scores[index]! > 0.5);
    const faulty = windows.filter(({ hasFault }) => hasFault);
    const hits = found.filter(({ hasFault }) => hasFault).length;
    assert.ok(hits / found.length >= 0.9, `precision ${hits / found.length}`);
    assert.ok(hits / faulty.length >= 0.84, `recall ${hits / faulty.length}`);
  });

  it('answers the same whatever the unit of the metric', async () => {
    const spike = await readSample('spike');
    const [own, other] = await Promise.all([detect([spike]), detect([spike.map((value) => value * 0.004 + 0.1)])]);
    const differences = own.points.map((point, index) => Math.abs(point - other.points[index]!));
    assert.ok(Math.max(...differences) < 1e-3, `${Math.max(...differences)}`);
  });

  it('passes the normal sample and finds the faulty ones, each with the samples that it means', async () => {
    const names = ['normal', 'spike', 'level-shift'];
    const { scores: found, points } = await detect(await Promise.all(names.map(readSample)));
    assert.deepEqual(
      found.map((score) => score > 0.5),
      [false, true, true],
    );
    assert.ok(mean(points.slice(0, 64)) < 0.1);
    for (const row of [1, 2]) assert.equal(Math.max(...points.slice(row * 64, row * 64 + 64)), found[row]);
  });

  it('takes a window that stands still as normal', async () => {
    const { scores: found } = await detect([Array<number>(64).fill(5), Array<number>(64).fill(0)]);
    assert.ok(
      found.every((score) => score < 0.5),
      String(found),
    );
  });
});
