import { known, numberOf, one, type Size } from '../../size.js';
import { hasRows, type NodeView, type Rule } from '../../node-view.js';
import { isPlain, meet, reshaped, rowsAlong, type Tensor, type Value } from '../../value.js';

/** A matrix with one row of features for each row; a vector is one row of features to the operators of ai.onnx.ml. */
function requireMatrix(view: NodeView, index = 0): Tensor {
  const value = view.input(index);
  if (view.dims(index).length !== 2) meet('it takes a vector for the features of one row');
  if (hasRows(value) && value.axis !== 0) meet('the rows are its features');
  return value;
}

/** One number for each row and class or target: trees, linear models, support vectors. */
export const regressor: Rule = (view) => {
  const value = requireMatrix(view);
  const [batch = one] = view.dims(0);
  const targets = ['n_targets', 'targets'].find((name) => view.has(name));
  const width =
    targets === undefined
      ? view.node.op === 'TreeEnsemble'
        ? view.unknownCount()
        : one
      : known(view.integer(targets, 1));
  return [reshaped(value, [batch, width])];
};

/** A label for each row, and its scores. */
export const classifier: Rule = (view) => {
  const value = requireMatrix(view);
  const [batch = one] = view.dims(0);
  return [reshaped(value, [batch]), reshaped(value, [batch, view.unknownCount()])];
};

/** The same shape, with parameters for each feature. */
export const byFeature: Rule = (view) => {
  const value = requireMatrix(view);
  return [reshaped(value, view.dims(0))];
};

/** Features of several inputs side by side. */
export const featureVectorizer: Rule = (view) => {
  const values = view.inputs.map((_, index) => requireMatrix(view, index));
  const [first] = values;
  if (first === undefined || !values.every((value) => hasRows(value) && isPlain(value)))
    return meet('not all of its inputs have rows');
  const widths = values.map(({ dims }) => numberOf(dims?.[1] ?? one));
  const width = widths.some((number) => number === undefined)
    ? view.unknownCount()
    : known(widths.reduce<number>((sum, number) => sum + (number ?? 0), 0));
  return [reshaped(first, [view.dims(0)[0] ?? one, width])];
};

/** Each element made a vector. */
export const elementEncoder: Rule = (view) => {
  const value = view.input(0);
  return [reshaped(value, [...view.dims(0), view.unknownCount()])];
};

/** Words of each row counted. */
export const counted: Rule = (view) => {
  const value = requireMatrix(view);
  const sizes: readonly Size[] = [view.dims(0)[0] ?? one, view.unknownCount()];
  return [reshaped(value, sizes)];
};

/** A map from labels to numbers for each row. */
export const zipMap: Rule = (view) => {
  const value = requireMatrix(view);
  if (!hasRows(value) || !isPlain(value)) return meet('its input has no rows');
  return [{ kind: 'rowList' } satisfies Value];
};

/** Distances from each row to vectors that are the same for all (com.microsoft). */
export const distances: Rule = (view) => {
  const value = requireMatrix(view);
  view.requireFree(1);
  if (!hasRows(value)) return meet('its first input has no rows');
  return [rowsAlong([view.dims(0)[0] ?? one, view.dims(1)[0] ?? view.unknownCount()], 0, value)];
};
