import { isSame, known, numberOf, symbol, textOf, type Size } from '../../size.js';
import { hasRows, requireFirst, type NodeView, type Rule } from '../../node-view.js';
import { meet, reshaped, type Tensor, type Value } from '../../value.js';
import { requireScalar } from '../elementwise.js';

/** Where an operator of this family has its data, its weights, and the parameters of quantisation that must be scalars. */
interface Places {
  readonly weights: number;
  readonly scalars?: readonly number[];
  /** Inputs that may have rows beside the data, on the first axis too. */
  readonly beside?: readonly number[];
}

/** A convolution over all axes behind batch and channels; the rows are the batch. */
export const convolution = ({ weights, scalars = [], beside = [] }: Places): Rule =>
  function (view) {
    const value = view.input(0);
    requireFirst(value);
    view.requireFree(...view.parameters().filter((index) => !beside.includes(index)));
    for (const index of scalars) requireScalar(view, index);
    for (const index of beside) requireSameRows(view, value, index);
    const [batch, , ...spatial] = view.dims(0);
    const [channels, , ...kernel] = view.optional(weights)?.dims ?? [];
    if (batch === undefined) return meet('its data has no batch');
    const sizes = spatial.map((size, axis) =>
      windowed(view, { size, axis, kernel: kernel[axis], rank: spatial.length }),
    );
    return [reshaped(value, [batch, channels ?? view.unknownCount(), ...sizes])];
  };

/** A transposed convolution; only how many axes it answers matters. */
export const transposedConvolution: Rule = (view) => {
  const value = view.input(0);
  requireFirst(value);
  view.requireFree(...view.parameters());
  const [batch, , ...spatial] = view.dims(0);
  if (batch === undefined) return meet('its data has no batch');
  const channels = view.optional(1)?.dims?.[1];
  const count = channels !== undefined && view.integer('group', 1) === 1 ? channels : view.unknownCount();
  return [reshaped(value, [batch, count, ...spatial.map(() => view.unknownCount())])];
};

/** A pool over all axes behind batch and channels. Where each largest element lies counts through all rows. */
export const pool: Rule = (view) => {
  const value = view.input(0);
  requireFirst(value);
  for (const index of view.parameters()) requireScalar(view, index);
  const [batch, channels, ...spatial] = view.dims(0);
  if (batch === undefined || channels === undefined) return meet('its data has no channels');
  if (view.integer('channels_last', 0) !== 0 || view.hasOutput(1)) return indexed(view, value);
  const kernel = view.integers('kernel_shape') ?? [];
  const sizes = spatial.map((size, axis) =>
    windowed(view, { size, axis, kernel: known(kernel[axis] ?? 1), rank: spatial.length }),
  );
  return [reshaped(value, [batch, channels, ...sizes])];
};

/** A pool over everything behind batch and channels. */
export const globalPool: Rule = (view) => {
  const value = view.input(0);
  requireFirst(value);
  for (const index of view.parameters()) requireScalar(view, index);
  const dims = view.dims(0);
  const isLast = view.integer('channels_last', 0) !== 0;
  const isKept = (axis: number) => axis === 0 || axis === (isLast ? dims.length - 1 : 1);
  return [
    reshaped(
      value,
      dims.map((size, axis) => (isKept(axis) ? size : known(1))),
    ),
  ];
};

/** An input beside the data must have the same rows as they. */
export function requireSameRows(view: NodeView, value: Tensor, index: number): void {
  const other = view.optional(index);
  if (other === undefined || (other.kind === 'free' && value.kind === 'free')) return;
  const isSameKind =
    hasRows(other) && hasRows(value) && isSame(other.outer, value.outer) && isSame(other.inner, value.inner);
  if (!isSameKind || other.axis !== 0) meet(`its ${view.nameOf(index)} does not have the same rows`);
}

function indexed(view: NodeView, value: Tensor): readonly Value[] {
  if (view.hasOutput(1) && hasRows(value)) {
    const reason = 'the indices that it answers count through all rows';
    return [
      reshaped(
        value,
        view.dims(0).map((size, axis) => (axis < 2 ? size : view.unknownCount())),
      ),
      view.mixed(reason),
    ];
  }
  return [
    reshaped(
      value,
      view.dims(0).map((size, axis) => (axis === 0 ? size : view.unknownCount())),
    ),
  ];
}

interface Window {
  readonly size: Size;
  readonly axis: number;
  readonly kernel: Size | undefined;
  readonly rank: number;
}

/** The size of an axis behind a window that slides over it (onnx/docs/Operators.md, Conv and MaxPool). */
function windowed(view: NodeView, { size, axis, kernel, rank }: Window): Size {
  const numbers = (name: string) => view.integers(name);
  const stride = numbers('strides')?.[axis] ?? 1;
  const dilation = numbers('dilations')?.[axis] ?? 1;
  const pads = numbers('pads');
  const padding = (pads?.[axis] ?? 0) + (pads?.[axis + rank] ?? 0);
  const automatic = view.text('auto_pad', 'NOTSET');
  const width = numbers('kernel_shape')?.[axis] ?? (kernel && numberOf(kernel));
  if (width === undefined) return view.unknownCount();
  const isCeiled = view.integer('ceil_mode', 0) !== 0;
  const number = numberOf(size);
  const shape = { stride, padding: automatic === 'VALID' ? 0 : padding, reach: dilation * (width - 1) + 1 };
  if (automatic.startsWith('SAME')) {
    if (stride === 1) return size;
    return number === undefined ? symbol(`ceil(${textOf(size)}/${stride})`) : known(Math.ceil(number / stride));
  }
  if (stride === 1 && shape.padding === shape.reach - 1) return size;
  if (number === undefined || isCeiled) {
    return symbol(`window(${textOf(size)},${shape.stride},${shape.padding},${shape.reach},${isCeiled})`);
  }
  return known(Math.floor((number + shape.padding - shape.reach) / stride) + 1);
}
