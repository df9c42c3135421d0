import { el } from '../dom.js';

/**
 * Sliders for the least score and the overlap of a detector, at the model's own values at first. Calls `onChange` when one was
 * moved. `wishes` are what was moved, for the address; `score` is the least score that holds.
 */
export function createThresholds({ score, iou, suppress }, onChange) {
  const sliders = [
    createSlider({ name: 'score', text: 'Least score', own: score }, onChange),
    ...(suppress === 'none' ? [] : [createSlider({ name: 'iou', text: 'Overlap', own: iou }, onChange)]),
  ];
  const [least] = sliders;
  return {
    element: el(
      'div',
      { class: 'thresholds' },
      sliders.map(({ element }) => element),
    ),
    wishes: () => sliders.map(({ wish }) => wish()),
    score: () => least.value(),
  };
}

/** One slider in hundredths; the model's own value stays exact until it is moved. */
function createSlider({ name, text, own }, onChange) {
  const id = `threshold-${name}`;
  const input = el('input', { type: 'range', min: '0', max: '1', step: '0.01', id });
  const shown = el('output', { for: id }, own);
  input.value = own;
  let value = own;
  input.addEventListener('input', () => {
    value = input.value;
    shown.textContent = value;
  });
  input.addEventListener('change', onChange);
  return {
    element: el('label', { for: id }, el('span', {}, `${text} `, shown), input),
    value: () => value,
    wish: () => (value === own ? undefined : `${name}=${value}`),
  };
}
