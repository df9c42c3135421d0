import { exampleInputs, type InputExample } from '../../model/example/example.js';
import type { ServableModel } from '../../repository/types.js';
import { countElements } from '../../tensor/shape.js';
import type { TensorSpec } from '../../tensor/tensor.js';

/** Which body a path takes. */
export type BodyKind = 'infer' | 'predict' | 'v1';

/** What can be sent to a model as it stands: its body, or `large`, where it is too long to be read. Kinds that it does not take in JSON are left out. */
export type ModelExamples = {
  readonly name: string;
  readonly versions: readonly string[];
} & { readonly [kind in BodyKind]?: object | 'large' };

/** Numbers that a reader still takes for an example. */
const mostElements = 1024;

/** Of 32 x 32 pixels, for models that bring no image of their own. */
const madeImage =
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAALUlEQVR42u3NsQ0AIAzAsCAx9GxO5wnY' +
  'HGX3qjP17930NQAAAAAAAAAAAPCqC4UeAu65Hn1TAAAAAElFTkSuQmCC';

const sentence = 'A short text that the model reads from beginning to end.';

/** The examples of a model. `image`: one of its own, in base64. */
export function examplesOf(model: ServableModel, versions: readonly string[], image = madeImage): ModelExamples {
  const inputs = model.header.inputs.length;
  const tensors = countExample(model) > mostElements ? 'large' : exampleRequest(model, image);
  const columns = countExample(model, 'v1') > mostElements ? undefined : exampleColumns(model);
  const { image: config, text } = model.config;
  return {
    name: model.name,
    versions,
    ...(hasHalfFloats(model) ? {} : { infer: tensors }),
    predict: text !== undefined ? { text: sentence } : config !== undefined && inputs === 1 ? { image } : tensors,
    ...(columns === undefined ? {} : { v1: columns }),
  };
}

/** A request of the protocol that the model answers, whatever its size. */
export function exampleRequest(model: ServableModel, image = madeImage): object {
  const examples = exampleInputs(model.header, model.config);
  const inputs = model.inputs.map((spec) => {
    const { name, datatype } = spec;
    if (isImage(model, name)) return { name, datatype: 'BYTES', shape: [1], data: [image] };
    const example = exampleFor(spec, examples);
    return { name, datatype, shape: example.shape, data: valuesOf(spec, example) };
  });
  return { inputs };
}

/** The same as version 1 has it: nested, by input. Undefined where nesting cannot tell the shape. */
function exampleColumns(model: ServableModel): object | undefined {
  const examples = exampleInputs(model.header, model.config);
  const columns = model.inputs.map((spec) => [spec, exampleFor(spec, examples)] as const);
  if (columns.some(([, { shape }]) => shape.includes(0))) return undefined;
  return {
    inputs: Object.fromEntries(
      columns.map(([spec, example]) => [spec.name, nest(valuesOf(spec, example), example.shape)]),
    ),
  };
}

const isImage = ({ config }: ServableModel, name: string): boolean => config.image?.input === name;

/** Numbers of a request; an image counts as none where the form takes one. */
function countExample(model: ServableModel, kind: BodyKind = 'infer'): number {
  const examples = exampleInputs(model.header, model.config);
  return model.inputs
    .filter(({ name }) => kind === 'v1' || !isImage(model, name))
    .reduce((sum, spec) => sum + (countElements(exampleFor(spec, examples).shape) ?? Infinity), 0);
}

function exampleFor(spec: TensorSpec, examples: ReadonlyMap<string, InputExample>): InputExample {
  return examples.get(spec.name) ?? { shape: spec.shape.map((dim) => Math.max(dim, 1)), fill: 'varied' };
}

/** The protocol has no JSON form for them. */
function hasHalfFloats(model: ServableModel): boolean {
  const read = model.inputs.filter(({ name }) => !isImage(model, name));
  return [...read, ...model.outputs].some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16');
}

type Value = number | boolean | string;

/** Noughts and ones, which are indices of any table, a wave, truth values or words, the same at every call; or as `fill` says. */
function valuesOf({ datatype, range }: TensorSpec, { shape, fill }: InputExample): readonly Value[] {
  const within = (value: number): number =>
    range === undefined ? value : Math.min(Math.max(value, range[0]), range[1]);
  const isWhole = /INT/.test(datatype);
  const valueAt = (index: number): Value => {
    if (datatype === 'BYTES') return `text ${String(index + 1)}`;
    if (datatype === 'BOOL') return typeof fill === 'number' ? fill !== 0 : index % 2 === 0;
    if (typeof fill === 'number') return within(fill);
    if (fill === 'positions') return within(index);
    return within(isWhole ? index % 2 : Math.round(Math.sin(index / 4) * 1000) / 1000);
  };
  return Array.from({ length: countElements(shape) ?? 0 }, (_, index) => valueAt(index));
}

/** Lists in lists, as a shape has them; a scalar stands alone. */
function nest(values: readonly Value[], shape: readonly number[]): unknown {
  const [first, ...rest] = shape;
  if (first === undefined) return values[0];
  if (rest.length === 0) return values;
  const step = values.length / first;
  return Array.from({ length: first }, (_, index) => nest(values.slice(index * step, (index + 1) * step), rest));
}
