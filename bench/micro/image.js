// What a JPEG of 640x480 costs on its way to a 224x224 tensor: the decoder alone, the whole, and the pixel loop alone.
// Run `npm run build` first, then `node bench/micro/image.js`.
import sharp from 'sharp';
import { channelTables } from '../../dist/src/image/channel-tables.js';
import { configureImages, decodeImage } from '../../dist/src/image/decode.js';
import { imageToTensor } from '../../dist/src/image/image-tensor.js';
import { writePixels } from '../../dist/src/image/preprocess.js';

const [width, height, size, rounds] = [640, 480, 224, 300];
const rgb = Uint8Array.from({ length: width * height * 3 }, (_, n) => 127 + 100 * Math.sin(n / 700) + (n % 23));
const jpeg = await sharp(rgb, { raw: { width, height, channels: 3 } })
  .jpeg({ quality: 90 })
  .toBuffer();
const config = {
  input: 'image',
  resize: { width: size, height: size, fit: 'cover', background: [0] },
  color: 'rgb',
  layout: 'NCHW',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  invert: false,
};
const spec = { name: 'image', datatype: 'FP32', shape: [-1, 3, size, size] };
configureImages({ threads: 1 });

const pixels = await decodeImage(jpeg, config.resize);
const coding = { ...config, tables: channelTables(config, 'FP32') };
const window = { left: 0, top: 0, width: size, height: size };
const steps = {
  'decode and resize': () => decodeImage(jpeg, config.resize),
  'decode, resize and tensor': () => imageToTensor(jpeg, config, spec),
  'pixel loop': () => writePixels(pixels, window, { coding, out: new Float32Array(3 * size * size) }),
};
const samples = Object.fromEntries(Object.keys(steps).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, step] of Object.entries(steps)) {
    const startMs = performance.now();
    await step();
    samples[name].push(performance.now() - startMs);
  }
}
for (const [name, times] of Object.entries(samples)) {
  const sorted = times.slice(rounds / 3).sort((a, b) => a - b);
  console.log(`${name}: median ${sorted[sorted.length >> 1].toFixed(3)} ms`);
}
