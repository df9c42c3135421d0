import { only, type WireField, type WireReader } from '../fields.js';
import type { Span } from '../edit/splice.js';
import { readValueInfo, untyped, type DeclaredValue, type TensorType } from '../value-type.js';
import { readNode, type ProducerNode } from './producers.js';
import type { Way } from './way.js';

/** Element types of TensorProto.DataType that operators give whatever they take. */
const [float, uint8, int32, int64, text, bool] = [1, 2, 6, 7, 8, 9];

/** Of which type an output is: of one type always, of an input's, or as the first attribute says that the node has. */
type Rule = number | { readonly input: number } | { readonly attributes: readonly Said[]; readonly or: Rule };
type Said = readonly [attribute: string, element: number | 'named' | 'tensor'];

const first: Rule = { input: 0 };
const dtype = (or: Rule): Rule => ({ attributes: [['dtype', 'named']], or });
const window: Rule = { attributes: [['output_datatype', 'named']], or: float };
const classes: Rule = { attributes: [['classlabels_strings', text]], or: int64 };

/** First outputs that are not of the type of the first input. */
const firstOutputs: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    ['And', 'Or', 'Xor', 'Not', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'IsNaN', 'IsInf'].map(
      (operator) => [operator, bool],
    ),
  ),
  ...Object.fromEntries(
    ['Shape', 'Size', 'NonZero', 'ArgMax', 'ArgMin', 'NonMaxSuppression'].map((operator) => [operator, int64]),
  ),
  ...Object.fromEntries(
    ['Scaler', 'Normalizer', 'LinearRegressor', 'SVMRegressor', 'TreeEnsembleRegressor', 'FeatureVectorizer'].map(
      (operator) => [`ai.onnx.ml:${operator}`, float],
    ),
  ),
  'ai.onnx.ml:OneHotEncoder': float,
  'ai.onnx.ml:LinearClassifier': classes,
  'ai.onnx.ml:SVMClassifier': classes,
  'ai.onnx.ml:TreeEnsembleClassifier': classes,
  'ai.onnx.ml:LabelEncoder': {
    attributes: [
      ['values_strings', text],
      ['values_int64s', int64],
      ['values_floats', float],
      ['values_tensor', 'tensor'],
    ],
    or: text,
  },
  Cast: { attributes: [['to', 'named']], or: float },
  CastLike: { input: 1 },
  Constant: {
    attributes: [
      ['value', 'tensor'],
      ['value_int', int64],
      ['value_ints', int64],
      ['value_string', text],
      ['value_strings', text],
    ],
    or: float,
  },
  ConstantOfShape: { attributes: [['value', 'tensor']], or: float },
  ConvInteger: int32,
  MatMulInteger: int32,
  QLinearConv: { input: 7 },
  QLinearMatMul: { input: 7 },
  QuantizeLinear: { attributes: [['output_dtype', 'named']], or: { input: 2 } },
  DequantizeLinear: { attributes: [['output_dtype', 'named']], or: { input: 1 } },
  DynamicQuantizeLinear: uint8,
  Where: { input: 1 },
  OneHot: { input: 2 },
  EyeLike: dtype(first),
  Bernoulli: dtype(first),
  RandomNormal: dtype(float),
  RandomUniform: dtype(float),
  RandomNormalLike: dtype(first),
  RandomUniformLike: dtype(first),
  Multinomial: dtype(int32),
  HannWindow: window,
  HammingWindow: window,
  BlackmanWindow: window,
  MelWeightMatrix: window,
  TfIdfVectorizer: float,
};

/** Outputs behind the first that are not of its type. */
const furtherOutputs: Readonly<Record<string, readonly number[]>> = {
  TopK: [int64],
  MaxPool: [int64],
  Unique: [int64, int64, int64],
  StringSplit: [int64],
  Dropout: [bool],
  DynamicQuantizeLinear: [float, uint8],
  'ai.onnx.ml:LinearClassifier': [float],
  'ai.onnx.ml:SVMClassifier': [float],
  'ai.onnx.ml:TreeEnsembleClassifier': [float],
};

/**
 * Outputs with the types that their nodes give them, where the file leaves them out, as programs do that add the names of inner values
 * to a model's outputs. Nodes without a rule are taken to give the type of their first input; the runtime refuses a copy of the file
 * that declares another type than its own.
 */
export function typeOutputs(
  wire: WireReader,
  graph: Span,
  outputs: readonly DeclaredValue[],
): readonly DeclaredValue[] {
  const sought = new Set(outputs.filter(({ type }) => type === untyped).map(({ name }) => name));
  if (sought.size === 0) return outputs;
  const types = readTypes(wire, graph);
  for (const field of wire.fields(graph.start, graph.end, only(1))) addNode(wire, readNode(wire, field), types);
  return outputs.map((value) => {
    const type = sought.has(value.name) ? types.get(value.name) : undefined;
    return type === undefined ? value : { name: value.name, type };
  });
}

/** How such an output is served: a copy of the file declares its type. */
export function declareType({ name, type }: DeclaredValue, way: Way): Way {
  if (way.kind !== 'plain') return way;
  const note = `output '${name}' has no type in the file; its node gives ${way.value.datatype}`;
  return { kind: 'rewritten', values: [way.value], declared: [{ name, type }], nodes: [], note };
}

type Types = Map<string, TensorType>;

/** GraphProto: initializer 5 (TensorProto: data_type 2, name 8), input 11, value_info 13. */
function readTypes(wire: WireReader, graph: Span): Types {
  const types: Types = new Map();
  for (const field of wire.fields(graph.start, graph.end, only(5, 11, 13))) {
    const { name, type } = field.number === 5 ? readTensor(wire, field) : readValueInfo(wire, field);
    if (type.kind === 'tensor') types.set(name, type);
  }
  return types;
}

function readTensor(wire: WireReader, tensor: Span): DeclaredValue {
  let [name, element] = ['', 0];
  for (const field of wire.fields(tensor.start, tensor.end, only(2, 8))) {
    if (field.number === 2) element = field.value;
    else name = wire.text(field);
  }
  return { name, type: { kind: 'tensor', element } };
}

function addNode(wire: WireReader, node: ProducerNode, types: Types): void {
  const element = elementOf(wire, { node, types }, firstOutputs[node.operator] ?? first);
  node.outputs.forEach((name, index) => {
    const own = furtherOutputs[node.operator]?.[index - 1] ?? element;
    if (own === undefined || types.has(name)) return;
    wire.keep(name.length);
    types.set(name, { kind: 'tensor', element: own });
  });
}

interface Place {
  readonly node: ProducerNode;
  readonly types: Types;
}

function elementOf(wire: WireReader, place: Place, rule: Rule): number | undefined {
  if (typeof rule === 'number') return rule;
  if ('input' in rule) return place.types.get(place.node.inputs[rule.input] ?? '')?.element;
  for (const [name, said] of rule.attributes) {
    const attribute = findAttribute(wire, place.node, name);
    if (attribute === undefined) continue;
    if (typeof said === 'number') return said;
    const element = said === 'named' ? attribute.number : attribute.tensorElement;
    if (element !== 0) return element;
  }
  return elementOf(wire, place, rule.or);
}

interface Attribute {
  readonly number: number;
  readonly tensorElement: number;
}

/** AttributeProto: name 1, i 3, t 5. */
function findAttribute(wire: WireReader, { attributes }: ProducerNode, wanted: string): Attribute | undefined {
  for (const attribute of attributes) {
    let [name, number] = ['', 0];
    let tensor: WireField | undefined;
    for (const field of wire.fields(attribute.start, attribute.end, only(1, 3, 5))) {
      if (field.number === 1) name = wire.passingText(field);
      else if (field.number === 3) number = field.value;
      else tensor = field;
    }
    if (name !== wanted) continue;
    const { type } = tensor === undefined ? {} : readTensor(wire, tensor);
    return { number, tensorElement: type?.kind === 'tensor' ? type.element : 0 };
  }
  return undefined;
}
