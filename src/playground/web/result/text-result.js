import { el, short } from '../dom.js';
import { outputs, predictions } from './result.js';

const mostCompared = 24;
const shownNumbers = 8;

/** What became of each text: labels, or vectors and how alike they are. `answer` is the body of POST /predictions/{model}. */
export function textResult(answer, texts) {
  if (answer.embeddings !== undefined) return embeddings(answer, texts);
  if (answer.predictions === undefined) return outputs({ outputs: [answer.outputs ?? []].flat(2) }, {});
  return texts.map((text, n) =>
    el('section', { class: 'of-text' }, el('h4', {}, text), predictions({ predictions: answer.predictions[n] })),
  );
}

function embeddings({ embeddings: vectors, similarity }, texts) {
  const items = vectors.map((vector, n) => {
    const start = vector.slice(0, shownNumbers).map(short).join(', ');
    const more = vector.length > shownNumbers ? ', …' : '';
    return el(
      'details',
      {},
      el('summary', {}, `${texts[n]} `, el('span', { class: 'quiet' }, `${vector.length} numbers`)),
      el('pre', {}, `${start}${more}`),
    );
  });
  return [...(similarity === undefined ? [] : [matrix(similarity, texts)]), ...items];
}

/** The cosine of each text with each; the darker the more alike. */
function matrix(similarity, texts) {
  const shown = similarity.slice(0, mostCompared).map((row) => row.slice(0, mostCompared));
  const head = el(
    'tr',
    {},
    el('td', {}),
    shown.map((_, n) => el('th', { scope: 'col', title: texts[n] }, String(n + 1))),
  );
  const rows = shown.map((row, n) =>
    el('tr', {}, el('th', { scope: 'row', title: texts[n] }, `${n + 1} ${texts[n]}`), row.map(cell)),
  );
  const caption = el('caption', {}, 'How alike the texts are: 1 the same, 0 nothing in common');
  return el('div', { class: 'matrix', tabIndex: 0 }, el('table', {}, caption, head, rows));
}

function cell(value) {
  const element = el('td', {}, typeof value === 'number' ? value.toFixed(2) : '–');
  element.style.setProperty('--alike', String(Math.round(Math.max(0, Math.min(1, Number(value))) * 100) / 100));
  return element;
}
