import { el } from '../dom.js';

/**
 * A place for the answer to each of several images, by their names. `fill(at, parts)` shows what came to one, and `progress(text)` how far it has gone.
 */
export function createAnswerList(requests) {
  const note = el('p', { class: 'quiet', role: 'status' });
  const places = requests.map(() => el('div', { class: 'answer' }, el('p', { class: 'quiet' }, 'Waiting …')));
  const items = requests.map(({ name, body }, at) => {
    const image = el('img', { alt: '', width: 40, height: 40, src: URL.createObjectURL(body) });
    const forget = () => URL.revokeObjectURL(image.src);
    image.addEventListener('load', forget, { once: true });
    image.addEventListener('error', () => {
      forget();
      image.hidden = true;
    });
    return el('li', {}, el('h4', {}, image, el('span', {}, name)), places[at]);
  });
  return {
    parts: [note, el('ol', { class: 'answers' }, items)],
    fill: (at, parts) => places[at].replaceChildren(...parts),
    progress: (text) => (note.textContent = text),
  };
}
