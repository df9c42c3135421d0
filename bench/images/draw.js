// Draws the images that the image path is measured with: synthetic scenes of soft shapes and grain, 640x480, JPEG quality 85.
// Run `node bench/images/draw.js` to write them again.
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const [width, height] = [640, 480];

function draw(seed) {
  const pixels = new Uint8Array(width * height * 3);
  let state = seed;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const grain = (state >>> 28) - 8;
      const wave = Math.sin((x * seed) / 90 + y / 50) + Math.cos((y * seed) / 70);
      const isInside = (x - 320) ** 2 + (y - 240) ** 2 < (60 * seed) ** 2;
      for (let c = 0; c < 3; c++) {
        pixels[(y * width + x) * 3 + c] = 128 + 40 * wave + (isInside ? 40 - 30 * c : 0) + grain;
      }
    }
  }
  return pixels;
}

for (const seed of [1, 2, 3]) {
  await sharp(draw(seed), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toFile(fileURLToPath(new URL(`./scene-${seed}.jpg`, import.meta.url)));
}
