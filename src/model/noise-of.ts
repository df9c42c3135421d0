import type { NoiseKind } from '../tensor/noise.js';
import type { OnnxHeader } from './config.js';

const quantising = /Quantize|QLinear|Integer$/;

/** The rounding that a model's answers may show, from its operators, its datatypes and the device that computes it. */
export function noiseOf({ operators, inputs, outputs }: OnnxHeader, device: string): NoiseKind {
  const isQuantised = Object.keys(operators).some((operator) => quantising.test(operator));
  const hasHalves = [...inputs, ...outputs].some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16');
  const isUnsteady = !device.startsWith('cpu');
  return { isQuantised, isUnsteady, isCoarse: isQuantised || hasHalves || isUnsteady };
}
