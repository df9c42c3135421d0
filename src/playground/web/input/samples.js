import { call } from '../api.js';
import { el } from '../dom.js';

const pathOf = (model, name) => `playground/samples/${encodeURIComponent(model)}/${encodeURIComponent(name)}`;

/** The samples that the server offers for a model: [{name, kind}]; none where it offers none. */
export async function fetchSamples(model) {
  const { body } = await call(`playground/samples/${encodeURIComponent(model)}`);
  return body.samples;
}

const fetchImage = async (model, name) => (await call(pathOf(model, name), { as: 'blob' })).body;
const fetchRequest = async (model, name) => (await call(pathOf(model, name))).body;

/** A row of thumbnails; a click calls `onPick(blob, name)`. */
export function imageStrip(model, samples, onPick) {
  const items = samples.map(({ name }) => {
    const image = el('img', { alt: '', width: 48, height: 48 });
    const loading = fetchImage(model, name);
    loading.then(
      (blob) => (image.src = URL.createObjectURL(blob)),
      () => (image.hidden = true),
    );
    image.addEventListener('load', () => URL.revokeObjectURL(image.src), { once: true });
    const pick = async () => onPick(await loading, name);
    return el(
      'button',
      { type: 'button', class: 'thumb', title: name, 'aria-label': `Sample ${name}`, onclick: pick },
      image,
    );
  });
  return strip(items);
}

/** A row of named requests; a click calls `onPick(body, name)`. */
export function requestStrip(model, samples, onPick) {
  const items = samples.map(({ name }) => {
    const title = name.replace(/\.json$/, '').replaceAll('-', ' ');
    const pick = async () => onPick(await fetchRequest(model, name), name);
    return el('button', { type: 'button', class: 'chip', onclick: pick }, title);
  });
  return strip(items);
}

function strip(items) {
  if (items.length === 0) return null;
  return el(
    'div',
    { class: 'samples', role: 'group', 'aria-label': 'Samples' },
    el('span', { class: 'quiet' }, 'Samples'),
    items,
  );
}
