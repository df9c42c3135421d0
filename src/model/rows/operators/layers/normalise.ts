import { broadcast } from '../../broadcast.js';
import { known, type Size } from '../../size.js';
import { axisOf, hasRows, meetOn, requireFirst, requireNotOn, type NodeView, type Rule } from '../../node-view.js';
import { meet, reshaped, type Tensor, type Value } from '../../value.js';

/** Computed over one axis (from version 13 on) or over it and all behind it, the shape being kept. */
export const softmax: Rule = (view) => {
  const value = view.input(0);
  const rank = view.dims(0).length;
  const isFlat = view.opset < 13;
  const axis = axisOf(view.integer('axis', isFlat ? 1 : -1), rank);
  if (hasRows(value) && (isFlat ? value.axis >= axis : value.axis === axis)) meetOn(axis);
  return [reshaped(value, value.dims)];
};

/** Computed over one axis, the shape being kept. */
export const overAxis = (otherwise: number): Rule =>
  function (view) {
    const value = view.input(0);
    view.requireFree(...view.parameters());
    const axis = axisOf(view.integer('axis', otherwise), view.dims(0).length);
    requireNotOn(value, axis);
    return [reshaped(value, value.dims)];
  };

/** Computed over one axis that an input names, the shape being kept (`CumSum`). */
export const overInputAxis: Rule = (view) => {
  const value = view.input(0);
  const axis = view.constants(1)?.[0] ?? meet('its axis is missing');
  requireNotOn(value, axisOf(axis, view.dims(0).length));
  return [reshaped(value, value.dims)];
};

/** Normalised over an axis and all behind it, with scale and bias (`LayerNormalization` and its kin). */
export const layerNormalisation: Rule = (view) => {
  const value = view.input(0);
  view.requireFree(...view.parameters());
  const dims = view.dims(0);
  const axis = axisOf(view.integer('axis', -1), dims.length);
  if (hasRows(value) && value.axis >= axis) meet(`it computes over axis ${axis} and behind it, where the rows are`);
  const result = withParameters(view, value, view.parameters());
  const statistics = reshaped(
    value,
    dims.map((size, index) => (index < axis ? size : known(1))),
  );
  return [result, ...view.node.outputs.slice(1).map(() => statistics)];
};

/** The sum of two inputs normalised over the last axis (com.microsoft). */
export const skipNormalisation: Rule = (view) => {
  const sum = broadcast([view.input(0), view.input(1)]);
  const dims = sum.dims ?? [];
  if (hasRows(sum) && sum.axis !== 0) meet('the rows are not on the first axis');
  view.requireFree(...view.parameters().slice(1));
  const statistics = reshaped(sum, [...dims.slice(0, -1), known(1)]);
  return [reshaped(sum, dims), statistics, statistics, reshaped(sum, dims)].slice(
    0,
    Math.max(1, view.node.outputs.length),
  );
};

/** Normalised with numbers that were learned, one for each channel; while training they come from the rows. */
export const batchNormalisation: Rule = (view) => {
  const value = view.input(0);
  if (view.integer('training_mode', 0) !== 0) meet('in training mode it takes mean and variance from all rows');
  if ([1, 2, 3, 4].some((index) => view.hasOutput(index))) meet('it answers mean and variance of all rows');
  view.requireFree(...view.parameters());
  requireFirst(value);
  return [reshaped(value, view.dims(0))];
};

/** Normalised over the axes behind batch and channels, or over channels near each other. */
export const perImage: Rule = (view) => {
  const value = view.input(0);
  requireFirst(value);
  view.requireFree(...view.parameters());
  return [reshaped(value, view.dims(0))];
};

/** Normalised over axes that an attribute names. */
export const meanVariance: Rule = (view) => {
  const value = view.input(0);
  const rank = view.dims(0).length;
  for (const axis of view.integers('axes') ?? [0, 2, 3]) requireNotOn(value, axisOf(axis, rank));
  return [reshaped(value, value.dims)];
};

/** The data with parameters that must not reach the axis of the rows. */
function withParameters(view: NodeView, value: Tensor, indexes: readonly number[]): Value {
  const parameters = indexes.map((index) => view.optional(index)).filter((parameter) => parameter !== undefined);
  const dims: readonly Size[] = value.dims ?? [];
  if (hasRows(value)) broadcast([value, ...parameters]);
  return reshaped(value, dims);
}
