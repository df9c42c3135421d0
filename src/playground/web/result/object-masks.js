import { el } from '../dom.js';

/** Longest side of the layer; masks of larger images are shown smaller. */
const mostPixels = 1600;

/** The masks of objects in the tones of their boxes, the best ones on top, as a layer over an image of a size; null where there are none. */
export async function maskLayer(found, { width, height }, toneOf) {
  const masked = found.filter(({ mask }) => mask !== undefined);
  if (masked.length === 0) return null;
  const scale = Math.min(1, mostPixels / Math.max(width, height));
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const layer = el('canvas', { class: 'mask', ...size });
  const context = layer.getContext('2d');
  for (const entry of [...masked].reverse()) {
    const [left, top, right, bottom] = entry.area.map((side) => side * scale);
    const image = el('img', { src: `data:image/png;base64,${entry.mask}` });
    await image.decode();
    const part = { width: Math.max(1, Math.round(right - left)), height: Math.max(1, Math.round(bottom - top)) };
    context.drawImage(tinted(image, part, colourOf(toneOf(entry))), left, top);
  }
  return layer;
}

/** A mask with its white pixels in a colour, and nothing elsewhere. */
function tinted(image, size, colour) {
  const canvas = el('canvas', size);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(image, 0, 0, size.width, size.height);
  const pixels = context.getImageData(0, 0, size.width, size.height);
  for (let at = 0; at < pixels.data.length; at += 4) pixels.data[at + 3] = pixels.data[at] > 127 ? 255 : 0;
  context.putImageData(pixels, 0, 0);
  Object.assign(context, { globalCompositeOperation: 'source-in', fillStyle: colour });
  context.fillRect(0, 0, size.width, size.height);
  return canvas;
}

/** The colour that the style sheet gives a tone. */
function colourOf(tone) {
  const probe = el('i', { class: tone, hidden: true });
  document.body.append(probe);
  const colour = window.getComputedStyle(probe).getPropertyValue('--tone');
  probe.remove();
  return colour.trim();
}
