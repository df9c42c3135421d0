import type { Rule } from '../node-view.js';
import { attention, embedNormalisation, rotary } from './layers/attention.js';
import {
  byFeature,
  classifier,
  counted,
  distances,
  elementEncoder,
  featureVectorizer,
  regressor,
  zipMap,
} from './layers/classical.js';
import { convolution, globalPool, pool, transposedConvolution } from './layers/convolution.js';
import {
  broadcasting,
  cast,
  dropout,
  quantise,
  quantisedBroadcast,
  quantisedConcat,
  quantisedSoftmax,
  unary,
  withBias,
  withScalars,
} from './elementwise.js';
import { depthToSpace, einsum, gridSample, oneHot, reverseSequence, spaceToDepth, triangle } from './layers/image.js';
import { gemm, matMul, packedMatMul } from './layers/matmul.js';
import {
  batchNormalisation,
  layerNormalisation,
  meanVariance,
  overAxis,
  overInputAxis,
  perImage,
  skipNormalisation,
  softmax,
} from './layers/normalise.js';
import { recurrent } from './layers/recurrent.js';
import { argExtreme, reduce, shapeOf, topK } from './reduce.js';
import { arrayFeatureExtractor, concat, gather, gatherElements, gatherND, scatterElements, split } from './select.js';
import { constantOfShape, expand, flatten, reshape, squeeze, tile, transpose, unsqueeze } from './shape.js';
import { pad, resize, slice } from './slice.js';

type Table = ReadonlyMap<string, Rule>;

function tableOf(...groups: readonly (readonly [names: string, rule: Rule])[]): Table {
  return new Map(groups.flatMap(([names, rule]) => names.split(/\s+/).map((name) => [name, rule] as const)));
}

/** Rules of the default operator set (onnx/docs/Operators.md). */
const standard = tableOf(
  [
    'Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu',
    unary,
  ],
  [
    'Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum Where Xor',
    broadcasting,
  ],
  ['Cast CastLike', cast],
  ['Clip', withScalars],
  ['Dropout', dropout],
  ['PRelu', withBias],
  ['QuantizeLinear DequantizeLinear', quantise],
  ['Conv', convolution({ weights: 1 })],
  ['ConvInteger', convolution({ weights: 1, scalars: [2] })],
  ['QLinearConv', convolution({ weights: 3, scalars: [1, 2, 6, 7] })],
  ['ConvTranspose', transposedConvolution],
  ['DeformConv', convolution({ weights: 1, beside: [2, 4] })],
  ['AveragePool LpPool MaxPool', pool],
  ['GlobalAveragePool GlobalLpPool GlobalMaxPool', globalPool],
  ['MatMul', matMul({ operands: [0, 1] })],
  ['MatMulInteger', matMul({ operands: [0, 1], scalars: [2] })],
  ['QLinearMatMul', matMul({ operands: [0, 3], scalars: [1, 2, 6, 7] })],
  ['Gemm', gemm],
  ['Softmax LogSoftmax Hardmax', softmax],
  ['LpNormalization', overAxis(-1)],
  ['LayerNormalization RMSNormalization SimplifiedLayerNormalization', layerNormalisation],
  ['BatchNormalization', batchNormalisation],
  ['InstanceNormalization GroupNormalization LRN', perImage],
  ['MeanVarianceNormalization', meanVariance],
  ['CumSum', overInputAxis],
  [
    'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare',
    reduce,
  ],
  ['ArgMax ArgMin', argExtreme],
  ['TopK', topK],
  ['Shape Size', shapeOf],
  ['Transpose', transpose],
  ['Reshape', reshape],
  ['Flatten', flatten],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Expand', expand],
  ['Tile', tile],
  ['ConstantOfShape', constantOfShape],
  ['Gather', gather],
  ['GatherElements', gatherElements],
  ['GatherND', gatherND],
  ['ScatterElements Scatter', scatterElements],
  ['Concat', concat],
  ['Split', split],
  ['Slice', slice],
  ['Pad', pad],
  ['Resize Upsample', resize],
  ['DepthToSpace', depthToSpace],
  ['SpaceToDepth', spaceToDepth],
  ['GridSample', gridSample],
  ['OneHot', oneHot],
  ['Trilu', triangle],
  ['ReverseSequence', reverseSequence],
  ['Einsum', einsum],
  ['LSTM GRU RNN', recurrent],
  ['Attention', attention({ rows: [1, 2, 4, 5, 6], masks: { 3: 4 }, outputs: [0, 0, 0, 0] })],
  ['RotaryEmbedding', rotary],
  ['TfIdfVectorizer', counted],
);

/** Rules of the runtime's own operators (onnxruntime/docs/ContribOperators.md). */
const microsoft = tableOf(
  ['Gelu QuickGelu', unary],
  ['BiasGelu FastGelu BiasAdd', withBias],
  ['QuantizeLinear DequantizeLinear', quantise],
  ['QLinearAdd QLinearMul', quantisedBroadcast],
  ['QLinearSigmoid QLinearLeakyRelu', withScalars],
  ['QLinearConcat', quantisedConcat],
  ['QLinearSoftmax', quantisedSoftmax],
  ['QLinearAveragePool', pool],
  ['QLinearGlobalAveragePool', globalPool],
  ['FusedConv', convolution({ weights: 1, beside: [3] })],
  ['FusedGemm', gemm],
  ['FusedMatMul', matMul({ operands: [0, 1] })],
  ['TransposeMatMul', matMul({ operands: [0, 1] })],
  ['MatMulIntegerToFloat', matMul({ operands: [0, 1], scalars: [2, 4] })],
  ['MatMulNBits MatMulBnb4', packedMatMul],
  ['SkipLayerNormalization SkipSimplifiedLayerNormalization', skipNormalisation],
  ['EmbedLayerNormalization', embedNormalisation],
  ['Attention', attention({ rows: [3], masks: { 5: 4 }, second: [4], never: [6], outputs: [0, 1] })],
  ['QAttention', attention({ rows: [5], second: [8], outputs: [0, 1] })],
  ['MultiHeadAttention', attention({ rows: [1, 2, 4, 6, 7], masks: { 5: 4 }, never: [8, 9], outputs: [0, 0, 0] })],
  ['GroupQueryAttention', attention({ rows: [1, 2, 3, 4, 5], never: [9, 10, 11], outputs: [0, 0, 0] })],
  ['RotaryEmbedding', rotary],
  ['CDist', distances],
  ['GridSample', gridSample],
);

/** Rules of ai.onnx.ml (onnx/docs/Operators-ml.md). */
const classical = tableOf(
  ['Binarizer LabelEncoder CategoryMapper', unary],
  ['TreeEnsembleClassifier LinearClassifier SVMClassifier', classifier],
  ['TreeEnsembleRegressor LinearRegressor SVMRegressor TreeEnsemble', regressor],
  ['Normalizer Scaler Imputer', byFeature],
  ['FeatureVectorizer', featureVectorizer],
  ['OneHotEncoder', elementEncoder],
  ['ArrayFeatureExtractor', arrayFeatureExtractor],
  ['ZipMap', zipMap],
);

const tables: ReadonlyMap<string, Table> = new Map([
  ['', standard],
  ['com.microsoft', microsoft],
  ['ai.onnx.ml', classical],
]);

/** The rule of an operator that keeps rows apart, under conditions that the rule holds. */
export function findRule(domain: string, operator: string): Rule | undefined {
  return tables.get(domain)?.get(operator);
}

/** Why well-known operators have no rule. */
const reasons: Readonly<Record<string, string>> = {
  DynamicQuantizeLinear: 'it takes its scale from all rows together',
  DynamicQuantizeMatMul: 'it takes its scale from all rows together',
  DynamicQuantizeLSTM: 'it takes its scale from all rows together',
  NonZero: 'the shape of its output depends on the data of all rows',
  Compress: 'the shape of its output depends on the data of all rows',
  Unique: 'it compares all rows with each other',
  NonMaxSuppression: 'it puts what it finds in all rows into one list',
  RoiAlign: 'it takes rows by their index',
  ScatterND: 'it takes rows by their index',
  Range: 'its length depends on data',
};

/** What an operator without a rule does, in words. */
export function reasonFor(operator: string): string {
  return reasons[operator] ?? 'this operator is not known to keep rows apart';
}

const random = new Set(
  'Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike'.split(' '),
);

/** Whether an operator always gives the same for the same inputs, as far as its domain is known. */
export function isRepeatable(domain: string, operator: string): boolean {
  return tables.has(domain) && !random.has(operator);
}
