import { AppError } from '../errors.js';
import type { ImageConfig } from '../model/config.js';
import { arrayOf, type Datatype, type NumericData, type NumericDatatype } from '../tensor/datatype.js';
import type { TensorSpec } from '../tensor/tensor.js';
import { toHalfBits } from '../tensor/half.js';

/** Tensor values of the pixel values 0..255, one table a channel in the order of the config's `color`. */
export type ChannelTables = readonly NumericData[];

/** Targets with the range that integers are clamped to. */
const ranges: Partial<Record<Datatype, readonly [lowest: number, highest: number]>> = {
  UINT8: [0, 255],
  INT8: [-128, 127],
  UINT16: [0, 65_535],
  INT16: [-32_768, 32_767],
  UINT32: [0, 2 ** 32 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
};

/** The datatype of an input that can take images. Throws MODEL_INVALID for any other. */
export function imageDatatype({ name, datatype }: TensorSpec): NumericDatatype {
  if (datatype === 'FP32' || datatype === 'FP16' || datatype === 'FP64' || datatype in ranges) {
    return datatype as NumericDatatype;
  }
  throw new AppError(
    'MODEL_INVALID',
    `Input ${name} of datatype ${datatype} cannot take an image; expected FP32, FP16, FP64 or integers of up to 32 bits. ` +
      'Remove image from model.json, or export the model with such an input.',
    { details: { input: name, datatype } },
  );
}

const known = new WeakMap<ImageConfig, Map<NumericDatatype, ChannelTables>>();

/**
 * Tables of ((invert ? 255 - p : p) * scale - mean) / std, computed in float64, then rounded once to the datatype: to
 * nearest for floats, to nearest (halves up) and clamped for integers. Kept for as long as the config is in use.
 */
export function channelTables(config: ImageConfig, datatype: NumericDatatype): ChannelTables {
  const ofConfig = known.get(config) ?? new Map<NumericDatatype, ChannelTables>();
  known.set(config, ofConfig);
  const tables = ofConfig.get(datatype) ?? createTables(config, datatype);
  ofConfig.set(datatype, tables);
  return tables;
}

function createTables(config: ImageConfig, datatype: NumericDatatype): ChannelTables {
  const channels = config.color === 'gray' ? 1 : 3;
  return Array.from({ length: channels }, (_, channel) => {
    const mean = config.mean[channel] ?? config.mean[0] ?? 0;
    const std = config.std[channel] ?? config.std[0] ?? 1;
    const table = new (arrayOf(datatype))(256);
    for (let pixel = 0; pixel < 256; pixel += 1) {
      const value = ((config.invert ? 255 - pixel : pixel) * config.scale - mean) / std;
      table[pixel] = store(value, datatype);
    }
    return table;
  });
}

function store(value: number, datatype: NumericDatatype): number {
  const range = ranges[datatype];
  if (range !== undefined) return Math.min(Math.max(Math.round(value), range[0]), range[1]);
  return datatype === 'FP16' ? toHalfBits(value) : value;
}
