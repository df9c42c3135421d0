import { copyOnClick, el } from '../dom.js';

const largestSide = 4096;

/**
 * For a model of one image as numbers, which has no `image` block: a file chooser that fills the input with the pixels of an image, divided
 * by 255, and what to write into model.json for the server to do that. Null for other models. Calls `run()` when the input is filled.
 */
export function createImageFiller({ inputs, suggestion, properties = {} }, fields, run) {
  const [input] = inputs;
  if (suggestion === undefined || properties.image_input !== undefined || !input.datatype.startsWith('FP')) return null;
  const [field] = fields;
  const problem = el('p', { class: 'failure', role: 'alert', hidden: true });
  const file = el('input', { type: 'file', accept: 'image/*', class: 'unseen', 'aria-label': 'Choose an image' });
  const text = el('span', {}, el('strong', {}, 'Choose an image'), ' to fill the input: its pixels, divided by 255');
  file.addEventListener('change', async () => {
    const [chosen] = file.files;
    file.value = '';
    if (chosen === undefined) return;
    const failed = await fillFrom(chosen, { field, declared: input.shape }).catch((error) => error.message);
    problem.hidden = failed === undefined;
    problem.textContent = failed ?? '';
    if (failed === undefined) run();
  });
  const json = JSON.stringify(suggestion, null, 2).replaceAll(/\[[^\]]*\]/g, (list) => list.replaceAll(/\s+/g, ' '));
  const copy = el('button', { type: 'button' }, 'Copy this model.json');
  copyOnClick(copy, () => json);
  return el(
    'div',
    { class: 'stacked filler' },
    el('label', { class: 'drop' }, file, text),
    problem,
    el(
      'details',
      {},
      el('summary', {}, 'For images as files: a model.json to start from'),
      el('pre', {}, json),
      el('p', { class: 'quiet' }, 'Sizes, mean and std are those of the training: ask whoever trained it.'),
      copy,
    ),
  );
}

/** Fills the field; answers why it cannot. */
async function fillFrom(file, { field, declared }) {
  const image = await window.createImageBitmap(file).catch(() => undefined);
  if (image === undefined) return `This browser cannot read ${file.name} as an image.`;
  const { shape } = field.read();
  const isFirst = declared[1] === 1 || declared[1] === 3;
  const [rows, height, width, channels] = isFirst
    ? [shape[0], shape[2], shape[3], shape[1]]
    : [shape[0], shape[1], shape[2], shape[3]];
  const isUsable = [height, width].every((side) => side >= 1 && side <= largestSide) && [1, 3].includes(channels);
  if (shape.length !== 4 || rows !== 1 || !isUsable) {
    return `The shape ${shape.join(', ')} has no room for one image of up to ${largestSide} pixels a side: edit it first.`;
  }
  const pixels = readPixels(image, width, height);
  const numbers = isFirst ? planes(pixels, channels) : interleaved(pixels, channels);
  field.cover(shape, JSON.stringify(numbers), `${file.name} at ${width} x ${height}, each pixel divided by 255`);
  return undefined;
}

function readPixels(image, width, height) {
  const canvas = el('canvas', { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** Value of a channel of a pixel, 0 to 1; the gray of one channel by the weights of ITU-R BT.601. */
function valueOf(pixels, at, { channel, channels }) {
  if (channels === 3) return round(pixels[at + channel] / 255);
  return round((0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2]) / 255);
}

const round = (value) => Math.round(value * 1e5) / 1e5;

function planes(pixels, channels) {
  const area = pixels.length / 4;
  return Array.from({ length: area * channels }, (_, n) =>
    valueOf(pixels, 4 * (n % area), { channel: Math.floor(n / area), channels }),
  );
}

function interleaved(pixels, channels) {
  return Array.from({ length: (pixels.length / 4) * channels }, (_, n) =>
    valueOf(pixels, 4 * Math.floor(n / channels), { channel: n % channels, channels }),
  );
}
