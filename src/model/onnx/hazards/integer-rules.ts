import type { WireField } from '../fields.js';

/** What is known of a value: its TensorProto.DataType (0: nothing), its elements where it is a small constant of integers. */
export interface KnownValue {
  readonly type: number;
  readonly values?: readonly number[];
  /** Never negative: a size, a position, or made of such. */
  readonly isCount?: boolean;
}

/** A node as far as the types of its outputs depend on it. */
export interface TypedNode {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly graphs: readonly WireField[];
  readonly attributes: ReadonlyMap<string, KnownValue>;
}

const [float, int32, int64, bool] = [1, 6, 7, 9];
const unknown: KnownValue = { type: 0 };
const count: KnownValue = { type: int64, isCount: true };

/** Operators whose outputs have one type whatever goes in. */
const fixedOutputs: ReadonlyMap<string, readonly KnownValue[]> = new Map<string, readonly KnownValue[]>([
  ...['Shape', 'Size', 'NonZero', 'ArgMax', 'ArgMin', 'NonMaxSuppression'].map((op) => [op, [count]] as const),
  ...['ConvInteger', 'MatMulInteger'].map((op) => [op, [{ type: int32 }]] as const),
  ['TfIdfVectorizer', [{ type: float }]],
  ['DynamicQuantizeLinear', [{ type: 2 }, { type: float }, { type: 2 }]],
]);
const comparisons = /^(?:Equal|Greater|Less|GreaterOrEqual|LessOrEqual|And|Or|Not|Xor|IsNaN|IsInf)$/;
/** Their outputs have types that no input shows, or hold other things than tensors. */
const opaque = /^(?:If|Loop|Scan|Sequence\w*|Optional\w*|ConcatFromSequence|SplitToSequence|StringSplit|BitCast)$/;
/** Their first output is never negative where all of their inputs are not. */
const keepsCounts =
  /^(?:Identity|Gather|GatherElements|GatherND|Slice|Squeeze|Unsqueeze|Reshape|Flatten|Transpose|Expand|Tile|Concat|Split|Cast|CastLike|Add|Mul|Div|Mod|Min|Max|ReduceProd|ReduceSum|ReduceMax|ReduceMin|Where|Pad)$/;
/** Inputs that say which elements are meant, not what they are. */
const selectors: Readonly<Record<string, number>> = {
  Gather: 1,
  GatherElements: 1,
  GatherND: 1,
  Slice: 1,
  Squeeze: 1,
  Unsqueeze: 1,
  Reshape: 1,
  Expand: 1,
  Tile: 1,
  Split: 1,
  ReduceProd: 1,
  ReduceSum: 1,
  ReduceMax: 1,
  ReduceMin: 1,
};

/** What is known of a node's outputs, in order; those beyond the list are unknown. */
export function findOutputs(node: TypedNode, inputs: readonly KnownValue[]): readonly KnownValue[] {
  if (node.domain === 'ai.onnx.ml') return machineLearningOutputs(node, inputs);
  const special = findSpecial(node, inputs);
  if (special !== undefined) return special;
  const first = { type: inputs[0]?.type ?? 0, ...(isCount(node, inputs) ? { isCount: true } : {}) };
  return node.outputs.map(() => first);
}

function isCount({ op, domain }: TypedNode, inputs: readonly KnownValue[]): boolean {
  if (domain !== '' || !keepsCounts.test(op)) return false;
  const meant = op === 'Where' ? inputs.slice(1) : inputs.slice(0, selectors[op] ?? inputs.length);
  return meant.length > 0 && meant.every((input) => input.isCount === true);
}

function findSpecial(node: TypedNode, inputs: readonly KnownValue[]): readonly KnownValue[] | undefined {
  const { op, attributes } = node;
  const typed = (type: number | undefined): readonly KnownValue[] => [
    { type: type ?? 0, ...(isCount(node, inputs) ? { isCount: true } : {}) },
  ];
  if (comparisons.test(op)) return typed(bool);
  if (opaque.test(op)) return [];
  const fixed = fixedOutputs.get(op);
  if (fixed !== undefined) return fixed;
  switch (op) {
    case 'TopK':
    case 'MaxPool':
      return [inputs[0] ?? unknown, count];
    case 'Unique':
      return [inputs[0] ?? unknown, count, count, count];
    case 'Constant':
      return [
        attributes.get('value') ?? attributes.get('value_int') ?? attributes.get('value_ints') ?? { type: float },
      ];
    case 'ConstantOfShape':
      return [fillOf(attributes.get('value'))];
    case 'Cast':
      return typed(attributes.get('to')?.values?.[0]);
    case 'CastLike':
    case 'DequantizeLinear':
    case 'Where':
      return typed(inputs[1]?.type);
    case 'OneHot':
      return typed(inputs[2]?.type);
    case 'QuantizeLinear':
      return typed(inputs[2]?.type ?? 2);
    default:
      return findByDatatype(node, inputs);
  }
}

/** Operators with an attribute that names the type of what they make. */
function findByDatatype(
  { op, attributes }: TypedNode,
  inputs: readonly KnownValue[],
): readonly KnownValue[] | undefined {
  const named = attributes.get('dtype') ?? attributes.get('output_datatype');
  if (named?.values !== undefined) return [{ type: named.values[0] ?? 0 }];
  if (op === 'Multinomial') return [{ type: int32 }];
  const makesFloats = /^(?:RandomNormal|RandomUniform|HannWindow|HammingWindow|BlackmanWindow|MelWeightMatrix)$/.test(
    op,
  );
  return makesFloats || inputs.length === 0 ? [{ type: float }] : undefined;
}

/** A filling of one element says what all of them are; floats where none is given. */
function fillOf(value: KnownValue | undefined): KnownValue {
  if (value === undefined) return { type: float };
  return { type: value.type, ...(value.isCount === undefined ? {} : { isCount: value.isCount }) };
}

/** ai.onnx.ml: labels come first and may be integers; scores and features are floats. */
function machineLearningOutputs({ op }: TypedNode, inputs: readonly KnownValue[]): readonly KnownValue[] {
  if (/Classifier$/.test(op)) return [unknown, { type: float }];
  if (/^(?:LabelEncoder|CategoryMapper|DictVectorizer|CastMap|ZipMap)$/.test(op)) return [];
  if (/^(?:Imputer|ArrayFeatureExtractor|Binarizer)$/.test(op)) return [inputs[0] ?? unknown];
  return [{ type: float }];
}
