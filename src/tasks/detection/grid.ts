import { AppError } from '../../errors.js';
import { numbersOf } from '../../tensor/half.js';
import { formatShape, type Shape } from '../../tensor/shape.js';
import type { NamedTensors, NumericTensor } from '../../tensor/tensor.js';

/** Part of an output as boxes x fields: element (box, field) lies at `from + box * boxStep + field * fieldStep`. */
export interface Grid {
  readonly data: Float32Array | Float64Array;
  readonly from: number;
  readonly boxes: number;
  readonly fields: number;
  readonly boxStep: number;
  readonly fieldStep: number;
}

/** An output of a run as one grid for each of its rows. */
export type Rows = (row: number) => Grid;

/** How an output is read. */
export interface GridOrder {
  /** Dimensions of one row: boxes and fields, or boxes alone. */
  readonly rank: 1 | 2;
  readonly isFieldsFirst?: boolean;
  /** Least and most fields of a box. */
  readonly fields: readonly [least: number, most: number];
  /** Rows that it must have; an output without a row dimension has one. */
  readonly rows: number;
}

/** Reads an output. Throws MODEL_INVALID where its shape here is another one than its form has. */
export function readGrid(outputs: NamedTensors, name: string, order: GridOrder): Rows {
  const tensor = outputs.get(name);
  if (tensor === undefined || tensor.datatype === 'BYTES') {
    throw new AppError('MODEL_INVALID', `detection reads output '${name}', which holds no numbers here`);
  }
  const { rank, isFieldsFirst = false, rows } = order;
  const { shape } = tensor;
  const hasRows = shape.length === rank + 1;
  const [a = 1, b = 1] = hasRows ? shape.slice(1) : shape;
  const [boxes, fields] = isFieldsFirst ? [b, a] : [a, b];
  const isOfForm = hasRows ? shape[0] === rows : shape.length === rank && rows === 1;
  if (!isOfForm || fields < order.fields[0] || fields > order.fields[1]) throw unexpected(name, shape, order);
  const [boxStep, fieldStep] = isFieldsFirst ? [1, b] : [fields, 1];
  const data = floatsOf(tensor);
  return (row) => ({ data, from: row * a * b, boxes, fields, boxStep, fieldStep });
}

function unexpected(name: string, shape: Shape, { rank, isFieldsFirst = false, fields, rows }: GridOrder): AppError {
  const [least, most] = fields;
  const count = least === most ? String(least) : `${String(least)} or more`;
  const row = rank === 1 ? 'boxes' : isFieldsFirst ? `${count},boxes` : `boxes,${count}`;
  return new AppError(
    'MODEL_INVALID',
    `detection reads output '${name}', whose shape is ${formatShape(shape)} here: expected [${String(rows)},${row}], a row for each image`,
  );
}

/** A tensor's numbers; integers as doubles: class numbers are far from 2^53. */
export function floatsOf(tensor: NumericTensor): Float32Array | Float64Array {
  const data = numbersOf(tensor);
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  return data instanceof BigInt64Array || data instanceof BigUint64Array
    ? Float64Array.from(data, Number)
    : Float64Array.from(data);
}

/** Fields of a grid from `first` on. */
export function fieldsFrom(grid: Grid, first: number, fields = grid.fields - first): Grid {
  return { ...grid, from: grid.from + first * grid.fieldStep, fields };
}
