import { el, percent } from '../dom.js';
// src/image/drawing/place-captions.ts, as tools/build.js puts it here.
import { placeCaptions } from './place-captions.js';
import { maskLayer } from './object-masks.js';

const tones = 8;

/**
 * Boxes with labels and scores on the image that was sent, and a list of them. `answer` is the body of POST /predictions/{model};
 * boxes are in pixels of the image as it is seen, which is how browsers measure it too.
 */
export async function detections(answer, { blob, score }) {
  const found = answer.detections;
  const image = el('img', { alt: '' });
  image.src = URL.createObjectURL(blob);
  const isShown = await image.decode().then(
    () => true,
    () => false,
  );
  URL.revokeObjectURL(image.src);
  return [
    el('p', { class: 'quiet found' }, headline(found, score)),
    isShown
      ? scene(image, found, await maskLayer(found, sizeOf(image), toneOf))
      : el('p', { class: 'quiet' }, 'This browser cannot show the image; the list has its pixels.'),
    found.length > 0 ? list(found, { withPlaces: !isShown }) : null,
    notFinite(answer.non_finite_boxes),
  ].filter((part) => part !== null);
}

const nameOf = ({ label, index }) => label ?? `class ${index}`;
const toneOf = ({ index }) => `tone-${index % tones}`;

function headline({ length }, score) {
  const least = score === undefined ? '' : ` with a score of ${score} or more`;
  return length === 0 ? `Nothing found${least}.` : `Found ${length}${least && `,${least}`}.`;
}

function notFinite(count) {
  return count > 0 ? el('p', { class: 'failure' }, `${count} boxes are left out: they hold no finite numbers.`) : null;
}

const sizeOf = ({ naturalWidth: width, naturalHeight: height }) => ({ width, height });

/** The image with masks, where there are any, and a frame for each box; the best ones lie on top, and no label covers another. */
function scene(image, found, masks) {
  const { width, height } = sizeOf(image);
  const share = (part, whole) => `${(100 * part) / whole}%`;
  const boxes = found.map((entry) => {
    const [x0, y0, x1, y1] = entry.box;
    const label = el('span', {}, `${nameOf(entry)} ${percent(entry.score)}`);
    const box = el('div', { class: `box ${toneOf(entry)}` }, label);
    const size = { width: share(x1 - x0, width), height: share(y1 - y0, height) };
    Object.assign(box.style, { left: share(x0, width), top: share(y0, height), ...size });
    return box;
  });
  const text = `The image with ${found.length} boxes; the list below names them.`;
  const element = el('div', { class: 'scene', role: 'img', 'aria-label': text }, image, masks, [...boxes].reverse());
  // Called as soon as the image has its place, and whenever that changes.
  new window.ResizeObserver(() => arrangeLabels(element, boxes)).observe(element);
  return element;
}

function arrangeLabels(element, boxes) {
  const labels = boxes.map((box) => box.firstElementChild);
  const room = element.getBoundingClientRect();
  const captions = boxes.map((element, at) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const label = labels[at].getBoundingClientRect();
    // Whole pixels, as the places are.
    const size = { width: Math.ceil(label.width), height: Math.ceil(label.height) };
    return { box: { left: left - room.left, top: top - room.top, width, height }, size };
  });
  placeCaptions(captions, { room, taken: [] }).forEach((place, at) => {
    const { box, size } = captions[at];
    const isShown = place !== undefined && place.width === size.width;
    labels[at].style.visibility = isShown ? 'visible' : 'hidden';
    if (!isShown) return;
    const border = boxes[at].clientLeft;
    labels[at].style.left = `${place.left - box.left - border}px`;
    labels[at].style.top = `${place.top - box.top - border}px`;
  });
}

function list(found, { withPlaces }) {
  const items = found.map((entry) => {
    const fill = el('span', { class: `fill ${toneOf(entry)}` });
    fill.style.width = percentWidth(entry.score);
    const place = withPlaces ? ` at ${entry.box.map(Math.round).join(', ')}` : '';
    return el(
      'li',
      {},
      el('span', { class: 'label' }, `${nameOf(entry)}${place}`),
      el('span', { class: 'bar', 'aria-hidden': 'true' }, fill),
      el('span', { class: 'number' }, percent(entry.score)),
    );
  });
  return el('ol', { class: 'bars found-list', tabIndex: 0, 'aria-label': 'Detections' }, items);
}

const percentWidth = (share) => `${Math.max(0.4, Math.min(1, share) * 100)}%`;
