import { lineChart } from './chart.js';
import { el } from './dom.js';
import { count, exampleValues, fixed, parseShape, requestJson, shapeText } from './example.js';
import { requestStrip } from './samples.js';

const longestExample = 4096;
const shortestChart = 16;

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
  const fields = model.inputs.map((input) => createField(input, changed));
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
  const button = el('button', { type: 'submit', class: 'primary' }, 'Run');
  const elements = [requestStrip(model.name, samples, fill), fields.map(({ element }) => element), problem, button];
  const form = el('form', { class: 'stacked', noValidate: true }, ...elements);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return { element: form, start: changed, dispose: () => {} };
}

/** Shape and values of one input, with a line above them where they are a series. */
function createField({ name, datatype, shape, optional }, changed) {
  const { shapeField, values } = createControls({ name, datatype, shape, optional });
  const chart = el('div');
  const read = () => ({ name, datatype, shape: parseShape(shapeField.value, shape), text: values.value, optional });
  const series = () => seriesOf(read());
  const draw = () => {
    const line = quietly(series);
    chart.replaceChildren(...(line ? [lineChart(line)] : []));
  };
  const update = () => {
    draw();
    changed();
  };
  const fill = (tensor) => {
    shapeField.value = tensor.shape.join(', ');
    values.value = JSON.stringify(tensor.data);
    update();
  };
  for (const field of [shapeField, values]) field.addEventListener('input', update);
  draw();
  const element = el(
    'fieldset',
    {},
    el('legend', {}, el('code', {}, name), ` ${datatype} ${shapeText(shape)}${optional ? ', optional' : ''}`),
    chart,
    el('label', { for: values.id }, 'Values', values),
    el('label', { for: shapeField.id, class: 'inline' }, 'Shape', shapeField),
  );
  return { name, element, read, series, fill };
}

function createControls({ name, datatype, shape, optional }) {
  const example = fixed(shape);
  const common = { spellcheck: false, autocomplete: 'off' };
  const shapeField = el('input', { ...common, value: example.join(', '), id: `shape-${name}` });
  const values = el('textarea', { ...common, rows: 5, id: `values-${name}` });
  if (optional) values.placeholder = 'Left empty: the default in the model';
  else if (count(example) <= longestExample) values.value = JSON.stringify(exampleValues(datatype, count(example)));
  else values.placeholder = `Left empty: ${count(example)} example values`;
  return { shapeField, values };
}

/** The numbers of a single row long enough to be drawn, else null. */
function seriesOf({ shape, text }) {
  if (shape.length === 0 || count(shape) !== shape.at(-1) || shape.at(-1) < shortestChart) return null;
  const values = JSON.parse(text || '[]').flat(Infinity);
  return values.length === shape.at(-1) && values.every((value) => typeof value === 'number') ? values : null;
}

/** What the function answers, or null where it throws: half-typed values have no line. */
function quietly(make) {
  try {
    return make();
  } catch {
    return null;
  }
}
