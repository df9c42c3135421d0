import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { findsBoxes, putModel } from '../../support/models.js';

/** Boxes that the detector finds on every image of 200x100: [x0, y0, x1, y1], class and score. */
const faces = [
  { box: [10, 20, 50, 60], index: 0, score: 0.9375 },
  { box: [120, 10, 160, 90], index: 0, score: 0.75 },
  { box: [60, 70, 90, 100], index: 1, score: 0.625 },
  { box: [180, 40, 230, 80], index: 0, score: 0.5 },
] as const;
const labels = ['face', 'hand'];

/** How much of an image is red, green and blue: the means of its pixels, as probabilities. */
const colours: Graph = {
  name: 'colours',
  inputs: [{ name: 'image', datatype: 'FP32', shape: ['batch', 3, 8, 8] }],
  outputs: [{ name: 'means', datatype: 'FP32', shape: ['batch', 3] }],
  nodes: [{ op: 'ReduceMean', inputs: ['image'], outputs: ['means'], attributes: { axes: [2, 3], keepdims: 0 } }],
};

/** Puts the detector `faces` into a repository. */
export async function putFaces(folder: string): Promise<void> {
  const config = { image: { resize: { fit: 'contain' } }, detection: { form: 'yolov8', labels } };
  await putModel(folder, {
    name: 'faces',
    graph: findsBoxes({ name: 'faces', labels, boxes: faces, size: [200, 100] }),
    config,
  });
}

/** Puts the classifier `colours` into a repository. */
export async function putColours(folder: string): Promise<void> {
  const config = {
    image: { resize: { width: 8, height: 8, fit: 'fill' }, resample: 'area' },
    classification: { activation: 'none', labels: ['red', 'green', 'blue'], top: 3 },
  };
  await putModel(folder, { name: 'colours', graph: colours, config });
}

/** Writes a pipeline.json. */
export async function putPipeline(folder: string, name: string, content: object | string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'pipeline.json'), typeof content === 'string' ? content : JSON.stringify(content));
}

/** Colours of the faces: what lies in the boxes of `scene`. */
const paint = ['#ff0000', '#00ff00', '#ffffff', '#0000ff'];

/** A black image of 200x100 with the boxes of the faces painted, as a PNG. */
export function drawScene(): Promise<Buffer> {
  const rects = faces.map(({ box: [x0, y0, x1, y1] }, n) => {
    return `<rect x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" fill="${paint[n]}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><rect width="200" height="100"/>${rects.join('')}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
}
