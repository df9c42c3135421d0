import { lineChart } from '../result/chart.js';
import { el } from '../dom.js';
import { count, exampleOf, exampleValues, parseShape, shapeText } from './example.js';

const longestExample = 4096;
const shortestChart = 16;

/**
 * Shape and values of one input, with a line above them where they are a series. Example values follow an edited shape. `fill(tensor)`
 * puts values in; `cover(shape, json, what)` puts in too many to be shown, `what` standing in their place.
 */
export function createField(declared, { model, changed }) {
  const { name, datatype, shape, optional } = declared;
  const input = { ...declared, example: exampleOf(model, declared) };
  const { shapeField, values } = createControls(input);
  const chart = el('div');
  const state = { isOwn: false, hidden: undefined };
  const read = () => readField(input, { shapeField, values, hidden: state.hidden });
  const draw = () => drawSeries(chart, () => seriesOf(read()));
  const update = () => {
    draw();
    changed();
  };
  const put = (newShape, text, hidden) => {
    Object.assign(state, { isOwn: true, hidden });
    shapeField.value = newShape.join(', ');
    values.value = text;
    update();
  };
  values.addEventListener('input', () => {
    Object.assign(state, { isOwn: true, hidden: undefined });
    if (datatype === 'BYTES') fitLines(shapeField, values.value, shape);
    update();
  });
  shapeField.addEventListener('input', () => {
    if (!state.isOwn && !optional) quietly(() => showExample(values, { ...input, shape: read().shape }));
    update();
  });
  draw();
  return {
    name,
    element: fieldset(declared, { chart, values, shapeField, dimNames: model.dimension_names?.[name] }),
    read,
    series: () => seriesOf(read()),
    fill: (tensor) => put(tensor.shape, datatype === 'BYTES' ? tensor.data.join('\n') : JSON.stringify(tensor.data)),
    cover: (newShape, json, what) => {
      values.placeholder = what;
      put(newShape, '', json);
    },
  };
}

function readField({ name, datatype, optional, example }, { shapeField, values, hidden }) {
  const text = hidden ?? (datatype === 'BYTES' ? textLines(values.value) : values.value);
  return { name, datatype, shape: parseShape(shapeField.value, example.shape), text, optional, fill: example.fill };
}

function fieldset({ name, datatype, shape, optional }, { chart, values, shapeField, dimNames }) {
  return el(
    'fieldset',
    {},
    el('legend', {}, el('code', {}, name), ` ${datatype} ${shapeText(shape, dimNames)}${optional ? ', optional' : ''}`),
    chart,
    el('label', { for: values.id }, datatype === 'BYTES' ? 'Texts, one per line' : 'Values', values),
    el('label', { for: shapeField.id, class: 'inline' }, 'Shape', shapeField),
  );
}

function createControls({ name, datatype, optional, example }) {
  const common = { spellcheck: false, autocomplete: 'off' };
  const shapeField = el('input', { ...common, value: example.shape.join(', '), id: `shape-${name}` });
  const values = el('textarea', { ...common, rows: 5, id: `values-${name}` });
  if (optional) values.placeholder = 'Left empty: the default in the model';
  else showExample(values, { datatype, example, shape: example.shape });
  return { shapeField, values };
}

/** Example values for a shape; what is too long to be read is made when it is sent. */
function showExample(values, { datatype, example: { fill }, shape }) {
  const isShort = count(shape) <= longestExample;
  const made = isShort ? exampleValues(datatype, count(shape), fill) : [];
  values.value = !isShort ? '' : datatype === 'BYTES' ? made.join('\n') : JSON.stringify(made);
  values.placeholder = isShort ? '' : `Left empty: ${count(shape)} example values`;
}

/** Lines as a JSON list. An empty field stays empty, for which the example is sent. */
const textLines = (text) => (text === '' ? '' : JSON.stringify(text.split('\n')));

/** As many elements as lines, where one open dimension can take them. */
function fitLines(shapeField, text, declared) {
  const open = declared.findIndex((dim) => dim < 0);
  const others = declared.filter((_, axis) => axis !== open).map((dim) => (dim < 0 ? 1 : dim));
  if (open === -1 || count(others) !== 1) return;
  shapeField.value = declared.map((_, axis) => (axis === open ? text.split('\n').length : 1)).join(', ');
}

function drawSeries(chart, series) {
  const line = quietly(series);
  chart.replaceChildren(...(line ? [lineChart(line)] : []));
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
