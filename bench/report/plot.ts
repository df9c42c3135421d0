/** A line of a plot: its points in the order of x. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Colour by place in the legend, 0 to 5. */
  readonly color: number;
  readonly dash?: 'dashed' | 'dotted';
}

/** A plot with logarithmic axes. */
export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  /** A vertical line with a label, such as the break-even. */
  readonly mark?: { readonly x: number; readonly label: string };
  /** A horizontal line, such as a ratio of 1. */
  readonly level?: { readonly y: number; readonly label: string };
}

const [width, height] = [560, 320];
const frame = { left: 62, right: 12, top: 14, bottom: 44 };

/** Escapes text for HTML and SVG. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** The plot as a figure: an SVG and its legend, coloured by the page's style sheet; undefined of nothing to show. */
export function drawPlot(plot: Plot): string | undefined {
  const points = plot.lines.flatMap((line) => line.points).filter(([x, y]) => x > 0 && y > 0);
  if (points.length === 0) return undefined;
  const x = scale(
    points.map(([value]) => value),
    [frame.left, width - frame.right],
    2,
  );
  const levels = plot.level === undefined ? [] : [plot.level.y];
  const y = scale([...points.map(([, value]) => value), ...levels], [height - frame.bottom, frame.top], 10);
  const body = [...drawAxes(plot, x, y), ...drawMarks(plot, x, y), ...plot.lines.map((line) => drawLine(line, x, y))];
  const label = `${plot.title}: ${plot.yLabel} by ${plot.xLabel}`;
  return `<figure><figcaption>${escapeText(plot.title)}</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(label)}">${body.join('')}</svg>${drawLegend(plot.lines)}</figure>`;
}

/** A logarithmic scale with its ticks. */
interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** Covers the values; ticks at powers of the base, or at 1, 2 and 5 where there are few of these. */
function scale(values: readonly number[], [from, to]: readonly [number, number], base: 2 | 10): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [low, high] = least === most ? [least / 2, most * 2] : base === 2 ? [least, most] : [least / 1.15, most * 1.15];
  const span = Math.log(high / low);
  return {
    ticks: base === 2 ? uniqueSorted(values) : decimalTicks(low, high),
    at: (value) => from + ((to - from) * Math.log(value / low)) / span,
  };
}

function uniqueSorted(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

function decimalTicks(low: number, high: number): readonly number[] {
  const powers = Array.from({ length: 24 }, (_, i) => 10 ** (i - 8));
  const inside = (ticks: readonly number[]) => ticks.filter((tick) => tick >= low && tick <= high);
  const coarse = inside(powers);
  return coarse.length >= 3 ? coarse : inside(powers.flatMap((power) => [power, 2 * power, 5 * power]));
}

function drawAxes({ xLabel, yLabel }: Plot, x: Scale, y: Scale): readonly string[] {
  const [left, right, bottom] = [frame.left, width - frame.right, height - frame.bottom];
  const middle = (frame.top + bottom) / 2;
  return [
    ...y.ticks.map((tick) => line('grid', [left, y.at(tick)], [right, y.at(tick)])),
    ...y.ticks.map((tick) => text('tick', [left - 8, y.at(tick) + 4], [formatTick(tick), 'end'])),
    line('axis', [left, bottom], [right, bottom]),
    ...x.ticks.map((tick) => text('tick', [x.at(tick), bottom + 17], [formatTick(tick), 'middle'])),
    text('label', [(left + right) / 2, height - 8], [xLabel, 'middle']),
    `<text class="label" text-anchor="middle" transform="translate(14 ${n(middle)}) rotate(-90)">${escapeText(yLabel)}</text>`,
  ];
}

function drawMarks({ mark, level }: Plot, x: Scale, y: Scale): readonly string[] {
  const [left, right, bottom] = [frame.left, width - frame.right, height - frame.bottom];
  const marks: string[] = [];
  if (mark !== undefined) {
    const at = Math.min(right, Math.max(left, x.at(mark.x)));
    const isRight = at > (left + right) / 2;
    marks.push(line('mark', [at, frame.top], [at, bottom]));
    marks.push(text('mark-label', [at + (isRight ? -6 : 6), frame.top + 12], [mark.label, isRight ? 'end' : 'start']));
  }
  if (level !== undefined) {
    marks.push(line('mark', [left, y.at(level.y)], [right, y.at(level.y)]));
    marks.push(text('mark-label', [right, y.at(level.y) - 6], [level.label, 'end']));
  }
  return marks;
}

function drawLine({ name, points, color, dash }: Line, x: Scale, y: Scale): string {
  const usable = points.filter(([px, py]) => px > 0 && py > 0);
  const path = usable.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${n(x.at(px))} ${n(y.at(py))}`).join('');
  const dots = usable.map(
    ([px, py]) =>
      `<circle class="c${color}" cx="${n(x.at(px))}" cy="${n(y.at(py))}" r="3.2"><title>${escapeText(`${name}: ${formatTick(py)} at ${formatTick(px)}`)}</title></circle>`,
  );
  return `<path class="line c${color} ${dash ?? ''}" d="${path}"/>${dots.join('')}`;
}

function drawLegend(lines: readonly Line[]): string {
  const items = lines.map(
    ({ name, color, dash }) =>
      `<li><svg viewBox="0 0 26 8" aria-hidden="true"><path class="line c${color} ${dash ?? ''}" d="M1 4H25"/></svg>${escapeText(name)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

type Position = readonly [x: number, y: number];

function line(kind: string, [x1, y1]: Position, [x2, y2]: Position): string {
  return `<line class="${kind}" x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}"/>`;
}

function text(
  kind: string,
  [x, y]: Position,
  [content, anchor]: readonly [string, 'start' | 'middle' | 'end'],
): string {
  return `<text class="${kind}" x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${escapeText(content)}</text>`;
}

/** Coordinates to a tenth of a unit. */
function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** `0.05`, `12.3`, `1,200`, `35k`, `1.2M`. */
export function formatTick(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}
