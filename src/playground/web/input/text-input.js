import { el } from '../dom.js';

const start = 'The cat sits on the mat.\nA kitten rests on a rug.\nShares fell sharply on Monday.';

/** A field for texts, one per line. Calls `send(texts)` on Run, `onRefused()` where there is none, and `onChange(texts)` as it is edited. */
export function createTextInput({ send, onRefused, onChange }) {
  const field = el('textarea', { rows: 6, id: 'texts', value: start, autocomplete: 'off' });
  const texts = () => field.value.split('\n').filter((line) => line.trim() !== '');
  const run = () => (texts().length === 0 ? onRefused() : send(texts()));
  const form = el(
    'form',
    { class: 'stacked', noValidate: true },
    el('label', { for: field.id }, 'Texts, one per line', field),
    el('button', { type: 'submit', class: 'primary' }, 'Run'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  field.addEventListener('input', () => onChange(texts()));
  return { element: form, start: () => onChange(texts()), dispose: () => {} };
}
