import { lineChart } from './chart.js';
import { el, milliseconds, percent, short } from '../dom.js';
import { parseServerTiming } from '../api.js';

const shown = 200;

/** What stands in the result before anything was sent. */
export function emptyResult(text) {
  return [el('p', { class: 'quiet empty' }, text)];
}

/** The server's sentence about a failure. */
export function failure(error) {
  const title = error.status > 0 ? `The server refused it (${error.status})` : 'No answer';
  return [el('div', { class: 'failure', role: 'alert' }, el('strong', {}, title), el('p', {}, error.message))];
}

/** Labels as bars, the first one large. `answer` is the body of POST /predictions/{model}. */
export function predictions(answer) {
  const [best] = answer.predictions;
  const name = (entry) => entry.label ?? `class ${entry.index}`;
  const bars = answer.predictions.map((entry) => {
    const share = Number(entry.probability);
    const fill = el('span', { class: 'fill' });
    fill.style.width = `${Math.max(0.4, Math.min(1, Math.max(0, share)) * 100)}%`;
    const bar = el('span', { class: 'bar', 'aria-hidden': 'true' }, fill);
    return el(
      'li',
      {},
      el('span', { class: 'label' }, name(entry)),
      bar,
      el('span', { class: 'number' }, percent(entry.probability)),
    );
  });
  const headline = [el('strong', {}, name(best)), el('span', {}, percent(best.probability))];
  return [el('p', { class: 'best' }, headline), el('ol', { class: 'bars' }, bars)];
}

/** Output tensors of an inference response. An output shaped like the charted input marks its samples. */
export function outputs(answer, { charted, threshold }) {
  const score = answer.outputs.find(({ data, datatype }) => data?.length === 1 && datatype.startsWith('FP'));
  const marks = charted && answer.outputs.find(({ data }) => data?.length === charted.length)?.data;
  const parts = [];
  if (threshold !== undefined && score !== undefined) parts.push(verdict(score, threshold));
  if (charted) parts.push(lineChart(charted, threshold === undefined ? [] : marks, threshold));
  return [...parts, ...answer.outputs.map(tensor)];
}

function verdict({ name, data: [value] }, threshold) {
  const found = value > threshold;
  const text = found ? 'Anomaly' : 'Normal';
  return el(
    'p',
    { class: found ? 'best alarm' : 'best' },
    el('strong', {}, text),
    el('span', {}, `${name} ${short(value)}`),
  );
}

function tensor({ name, datatype, shape, data = [] }) {
  const text = data.slice(0, shown).map(short).join(', ') + (data.length > shown ? `, … ${data.length} in all` : '');
  return el(
    'details',
    { open: data.length <= 16 },
    el('summary', {}, el('code', {}, name), ` ${datatype} [${shape.join(', ')}]`),
    el('pre', {}, text),
  );
}

/** Device, version and where the time went: the server's own split as a stacked bar, and the way there and back. */
export function footing({ headers, wallMs, version }) {
  const device = headers.get('x-inference-device');
  const facts = [
    device && el('li', {}, 'Device ', el('strong', { class: 'device' }, device)),
    version && el('li', {}, 'Version ', el('strong', {}, version)),
    el('li', {}, 'Round trip ', el('strong', {}, milliseconds(wallMs))),
  ];
  const parts = parseServerTiming(headers.get('server-timing')).filter(({ name }) => name !== 'total');
  return el('div', { class: 'footing' }, parts.length > 0 ? timing(parts) : null, el('ul', { class: 'facts' }, facts));
}

function timing(parts) {
  const total = parts.reduce((sum, { ms }) => sum + ms, 0);
  const segments = parts.map(({ name, ms }) => {
    const segment = el('span', { class: `segment ${name}` });
    segment.style.flexGrow = String(Math.max(ms, total / 100));
    return segment;
  });
  const legend = parts.map(({ name, ms }) =>
    el('li', {}, el('i', { class: `segment ${name}` }), `${name} `, el('strong', {}, milliseconds(ms))),
  );
  return el(
    'div',
    { class: 'timing' },
    el('p', { class: 'quiet' }, `Server time ${milliseconds(total)}`),
    el('div', { class: 'stack', 'aria-hidden': 'true' }, segments),
    el('ul', { class: 'legend' }, legend),
  );
}
