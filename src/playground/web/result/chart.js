import { svg } from '../dom.js';

const width = 640;
const height = 180;
const pad = 10;

/**
 * A line of values in order; samples whose mark is above the threshold stand out. `marks` may be missing. The image has a
 * sentence for those who do not see it.
 */
export function lineChart(values, marks = [], threshold = 0.5) {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const x = (index) => pad + (index / Math.max(1, values.length - 1)) * (width - 2 * pad);
  const y = (value) => height - pad - ((value - low) / (high - low || 1)) * (height - 2 * pad);
  const points = values.map((value, index) => [x(index), y(Number.isFinite(value) ? value : low)]);
  const marked = values.map((_, index) => index).filter((index) => marks[index] > threshold);
  const line = points.map((point) => point.map((part) => part.toFixed(1)).join(',')).join(' ');
  return svg(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      class: 'chart',
      role: 'img',
      'aria-label': describe(values, marked, { low, high }),
    },
    ...spans(marked).map(([from, to]) => band(x(from), x(to))),
    svg('polyline', { points: line, class: 'line' }),
    ...marked.map((index) => svg('circle', { cx: points[index][0], cy: points[index][1], r: 4, class: 'mark' })),
  );
}

function band(from, to) {
  return svg('rect', { x: from - 6, y: 0, width: to - from + 12, height, rx: 4, class: 'band' });
}

/** Runs of neighbours: [3,4,5,9] becomes [[3,5],[9,9]]. */
function spans(indices) {
  const found = [];
  for (const index of indices) {
    const last = found.at(-1);
    if (last !== undefined && index === last[1] + 1) last[1] = index;
    else found.push([index, index]);
  }
  return found;
}

function describe(values, marked, { low, high }) {
  const range = `${values.length} values from ${low} to ${high}`;
  if (marked.length === 0) return `${range}.`;
  const where = spans(marked).map(([from, to]) => (from === to ? `${from + 1}` : `${from + 1} to ${to + 1}`));
  return `${range}; marked: ${where.join(', ')}.`;
}
