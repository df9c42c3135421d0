import { el } from '../dom.js';
import { ownShape, requestJson } from './example.js';
import { createImageFiller } from './image-filler.js';
import { requestStrip } from './samples.js';
import { createField } from './tensor-field.js';

/**
 * A field for every input, filled with a valid example. Calls `send({json, charted})` on Run and for a sample, `onRefused()` where
 * Run finds no request, and `onChange(json)` with the request as it stands, null while it is none. `charted` are the values of a lone series.
 */
export function createTensorInput(model, samples, { send, onRefused, onChange }) {
  const problem = el('p', { class: 'failure', role: 'alert', hidden: true });
  const changed = () => {
    const request = read();
    problem.hidden = request.problem === undefined;
    problem.textContent = request.problem ?? '';
    onChange(request.json ?? null);
    return request;
  };
  const fields = model.inputs.map((input) =>
    createField({ ...input, shape: ownShape(model, input) }, { model, changed }),
  );
  const read = () => {
    try {
      return {
        json: requestJson(fields.map((field) => field.read())),
        charted: fields.length === 1 ? fields[0].series() : null,
      };
    } catch (error) {
      return { problem: error.message };
    }
  };
  const run = () => {
    const request = changed();
    return request.problem === undefined ? send(request) : onRefused();
  };
  const fill = (body) => {
    for (const tensor of body.inputs) fields.find(({ name }) => name === tensor.name)?.fill(tensor);
    run();
  };
  const elements = [
    requestStrip(model.name, samples, fill),
    createImageFiller(model, fields, run),
    fields.map(({ element }) => element),
    problem,
  ];
  return { element: formOf(elements, run), start: changed, dispose: () => {} };
}

/** The parts with a button below them; Ctrl+Enter presses it. */
function formOf(elements, run) {
  const button = el('button', { type: 'submit', class: 'primary' }, 'Run');
  const form = el('form', { class: 'stacked', noValidate: true }, ...elements, button);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return form;
}
