import { isSame, known, numberOf, one, times, type Size } from '../size.js';
import { axisOf, hasRows, meetOn, requireNotOn, type NodeView, type Rule } from '../node-view.js';
import { meet, reshaped, withContent, type Tensor, type Value } from '../value.js';

/** The runtime's largest ends are written as "up to the end". */
const farEnd = 2 ** 31 - 1;

interface Cut {
  readonly axis: number;
  readonly start: Size | undefined;
  readonly end: Size | undefined;
  readonly step: number | undefined;
}

/** Parts of axes without rows; of the axis of the rows only the whole. */
export const slice: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const cuts = readCuts(view, dims.length);
  const isCounted = view.parameters().some((index) => view.optional(index)?.kind === 'count');
  if (hasRows(value)) {
    for (const index of view.parameters()) if (hasRows(view.optional(index))) meet('where it cuts depends on the rows');
    for (const cut of cuts) requireApart(view, { cut, isCounted, rowAxis: value.axis });
  }
  const content = cutContent(value, cuts);
  if (content !== undefined) return [content];
  const sizes = cuts.reduce((sizes, cut) => sizes.with(cut.axis, lengthOf(view, cut, dims[cut.axis] ?? one)), dims);
  return [isCounted && value.kind === 'free' ? { kind: 'count' } : reshaped(value, sizes)];
};

/** Values put around the data, along axes without rows. */
export const pad: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const named = view.constants(3)?.map((axis) => axisOf(axis, dims.length)) ?? [...dims.keys()];
  const pads = view.integers('pads')?.map(known) ?? view.sizes(1) ?? meet('its pads are missing');
  if (pads.length !== named.length * 2) return meet('its pads do not fit its data');
  view.requireFree(...view.parameters());
  const sizes = dims.map((size, axis) => {
    const place = named.indexOf(axis);
    const [before, after] = [numberOf(pads[place] ?? known(0)), numberOf(pads[place + named.length] ?? known(0))];
    if (before === 0 && after === 0) return size;
    requireNotOn(value, axis, 'pads');
    const number = numberOf(size);
    return number === undefined || before === undefined || after === undefined
      ? view.unknownCount()
      : known(number + before + after);
  });
  return [reshaped(value, sizes)];
};

/** Another size of the axes of an image; the scale of the axis of the rows is 1. */
export const resize: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const axes = view.integers('axes')?.map((axis) => axisOf(axis, dims.length)) ?? [...dims.keys()];
  if (view.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    meet('it sets its scales from all sizes together');
  if (view.text('coordinate_transformation_mode').startsWith('tf_crop'))
    meet('its region of interest may cut the rows');
  const [scales, sizes] = resizeTargets(view);
  const results = dims.map((size, axis) => {
    const place = axes.indexOf(axis);
    const scale = scales?.[place] && numberOf(scales[place]);
    const target = sizes?.[place];
    if (place === -1 || scale === 1 || (target !== undefined && isSame(target, size))) return size;
    requireNotOn(value, axis, 'resizes');
    if (target !== undefined && target.rows > 0) return meet('it gives another axis the number of rows');
    return target ?? scaled(view, size, scale);
  });
  return [reshaped(value, results)];
};

/** Only a whole scale gives a size that does not hang on rounding. */
function scaled(view: NodeView, size: Size, scale: number | undefined): Size {
  return scale !== undefined && Number.isInteger(scale) ? times(size, known(scale)) : view.unknownCount();
}

type Targets = readonly (Size | undefined)[] | undefined;

/** The scales or the sizes of a `Resize` or `Upsample`, by the version of the operator. */
function resizeTargets(view: NodeView): readonly [Targets, Targets] {
  const listed = (index: number): readonly (Size | undefined)[] | undefined => {
    const value = view.optional(index);
    if (value === undefined || numberOf(value.dims?.[0] ?? one) === 0) return undefined;
    return value.kind === 'free' ? (value.content ?? []) : view.sizes(index);
  };
  if (view.has('scales')) return [view.integers('scales')?.map(known), undefined];
  if (view.node.op === 'Upsample' || view.opset < 11) return [listed(1), undefined];
  return [listed(2), listed(3)];
}

/** `Slice`'s parameters, which were attributes before version 10. */
function readCuts(view: NodeView, rank: number): readonly Cut[] {
  const starts = view.integers('starts')?.map(known) ?? elements(view, 1);
  const ends = view.integers('ends')?.map(known) ?? elements(view, 2);
  const named = view.integers('axes') ?? view.constants(3);
  const steps = elements(view, 4);
  const count = starts?.length ?? ends?.length ?? named?.length;
  if (count === undefined && named === undefined) return meet('where it cuts is not known');
  const axes = named ?? Array.from({ length: count ?? 0 }, (_, axis) => axis);
  return axes.map((axis, index) => ({
    axis: axisOf(axis, rank),
    start: starts?.[index],
    end: ends?.[index],
    step: view.optional(4) === undefined ? 1 : steps?.[index] && numberOf(steps[index]),
  }));
}

function elements(view: NodeView, index: number): readonly (Size | undefined)[] | undefined {
  const value = view.optional(index);
  return value === undefined || value.kind === 'rows' ? undefined : value.content;
}

interface Apart {
  readonly cut: Cut;
  readonly isCounted: boolean;
  readonly rowAxis: number;
}

/** Ends the proof where a cut takes rows away, or where it depends on their number. */
function requireApart(view: NodeView, { cut, isCounted, rowAxis }: Apart): void {
  const isOnRows = cut.axis === rowAxis;
  if (isOnRows && !isWhole(cut, view.dims(0)[rowAxis])) meetOn(rowAxis, 'cuts');
  if (!isOnRows && isCounted && !isFixed(cut)) meet('where it cuts depends on the number of rows');
}

function isFixed({ start, end, step }: Cut): boolean {
  return start?.rows === 0 && end?.rows === 0 && step !== undefined;
}

function isWhole({ start, end, step }: Cut, size: Size | undefined): boolean {
  if (step !== 1 || start === undefined || numberOf(start) !== 0 || end === undefined || size === undefined)
    return false;
  return (numberOf(end) ?? 0) >= farEnd || isSame(end, size);
}

function lengthOf(view: NodeView, cut: Cut, size: Size): Size {
  if (isWhole(cut, size)) return size;
  const range = rangeOf(cut, size);
  if (range !== undefined) return known(range.length);
  return view.unknownCount();
}

/** The places that a cut takes from an axis of known size (numpy's rules). */
function rangeOf({ start, end, step }: Cut, size: Size): readonly number[] | undefined {
  const [length, first, last] = [numberOf(size), start && numberOf(start), end && numberOf(end)];
  if (length === undefined || first === undefined || last === undefined || step === undefined || step === 0)
    return undefined;
  const clamp = (place: number) =>
    Math.min(Math.max(place < 0 ? place + length : place, step > 0 ? 0 : -1), step > 0 ? length : length - 1);
  const places: number[] = [];
  const to = last < -length && step < 0 ? -1 : clamp(last);
  for (let place = clamp(first); step > 0 ? place < to : place > to; place += step) places.push(place);
  return places;
}

/** Elements of a list, or rows of a small matrix such as exporters make of paddings. */
function cutContent(value: Tensor, [cut, ...others]: readonly Cut[]): Value | undefined {
  if (value.kind === 'rows' || value.content === undefined || cut?.axis !== 0 || others.length > 0) return undefined;
  const { content, dims = [] } = value;
  const [length, width = one] = dims;
  const [count, step] = [length && numberOf(length), numberOf(width)];
  if (dims.length > 2 || count === undefined || step === undefined || count * step !== content.length) return undefined;
  const places = rangeOf(cut, known(count));
  const kept = places?.flatMap((place) => content.slice(place * step, (place + 1) * step));
  return places && kept && withContent([known(places.length), ...dims.slice(1)], kept);
}
