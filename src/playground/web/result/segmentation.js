import { el, percent } from '../dom.js';

/**
 * The class of each pixel over the image that was sent, and what part each class has. `answer` is the body of POST /predictions/{model}, whose
 * mask is a PNG of the image's own size.
 */
export async function segmentation({ segmentation: found }, { blob }) {
  const { width, height, classes, mask } = found;
  const image = el('img', { alt: '', width, height, src: URL.createObjectURL(blob) });
  const over = el('img', { alt: '', class: 'mask', src: `data:image/png;base64,${mask}` });
  await Promise.allSettled([image.decode(), over.decode()]);
  URL.revokeObjectURL(image.src);
  const text = `The image of ${width} by ${height} pixels with the colours of ${classes.length} classes; the list below names them.`;
  const sorted = [...classes].sort((a, b) => b.pixels - a.pixels);
  return [
    el('div', { class: 'scene', role: 'img', 'aria-label': text }, image, over),
    el('ol', { class: 'bars found-list', tabIndex: 0, 'aria-label': 'Classes' }, sorted.map(entry)),
  ];
}

function entry({ label, index, share }) {
  const fill = el('span', { class: 'fill' });
  Object.assign(fill.style, { width: `${Math.max(0.4, 100 * share)}%`, background: colourOf(index) });
  const swatch = el('i', { class: 'swatch', 'aria-hidden': 'true' });
  swatch.style.background = colourOf(index);
  return el(
    'li',
    {},
    el('span', { class: 'label' }, swatch, label ?? `class ${index}`),
    el('span', { class: 'bar', 'aria-hidden': 'true' }, fill),
    el('span', { class: 'number' }, percent(share)),
  );
}

/** As the server's palette has it. */
function colourOf(index) {
  const channel = (shift) =>
    Array.from({ length: 8 }, (_, bit) => ((index >> (3 * bit + shift)) & 1) << (7 - bit)).reduce((a, b) => a | b);
  return `rgb(${channel(0)}, ${channel(1)}, ${channel(2)})`;
}
