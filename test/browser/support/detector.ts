import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { findsBoxes, putModel } from '../../support/models.js';

/** Objects of the scene, 400x200 as it is seen: box in its pixels, class and score. The last overlaps the first by two thirds. */
export const objects = [
  { box: [40, 20, 140, 120], index: 0, score: 0.875 },
  { box: [250, 75, 375, 175], index: 1, score: 0.75 },
  { box: [0, 0, 25, 25], index: 2, score: 0.375 },
  { box: [60, 20, 160, 120], index: 0, score: 0.625 },
] as const;
export const labels = ['mug', 'cat on the sofa', 'lamp'];

/** Puts the detector `scene` into a repository; its samples are the scene, upright and turned by EXIF. */
export async function putDetector(folder: string): Promise<void> {
  const config = { image: { resize: { fit: 'contain' } }, detection: { form: 'yolov8', labels } };
  await putModel(folder, {
    name: 'scene',
    graph: findsBoxes({ name: 'scene', labels, boxes: objects, size: [400, 200] }),
    config,
  });
  await mkdir(join(folder, 'scene', 'samples'));
  const rects = objects.map(({ box: [x0, y0, x1, y1], index }) => {
    const fill = ['#e8b04a', '#7f8fa6', '#ffffff'][index]!;
    return `<rect x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" fill="${fill}"/>`;
  });
  const drawn = `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="200"><rect width="400" height="200" fill="#31465a"/>${rects.join('')}</svg>`;
  const scene = await sharp(Buffer.from(drawn)).removeAlpha().png().toBuffer();
  await sharp(scene).toFile(join(folder, 'scene', 'samples', 'scene.png'));
  const lying = sharp(scene).rotate(270).withMetadata({ orientation: 6 });
  await lying.jpeg().toFile(join(folder, 'scene', 'samples', 'turned.jpg'));
}
