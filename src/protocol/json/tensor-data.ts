import { AppError } from '../../errors.js';
import { arrayOf, datatypes, type Datatype, type NumericData, type NumericDatatype } from '../../tensor/datatype.js';
import { toBrainBits, toHalfBits } from '../../tensor/half.js';
import type { BytesElement, Tensor } from '../../tensor/tensor.js';
import { failCount, readElements, type ElementSink, type ElementsDue } from './elements.js';
import { FloatSink, BooleanSink, TextSink, BigIntegerSink, SmallIntegerSink } from './sinks.js';
import type { JsonReader } from './reader.js';

/** A tensor whose `data` stands at the cursor; `count` is its shape's checked product. */
export interface TensorHeader extends ElementsDue {
  readonly datatype: Datatype;
  /** FP16 and BF16 data may be numbers; the Open Inference Protocol has no JSON form for them. */
  readonly hasHalfNumbers: boolean;
  /** In BYTES data `{"b64": "..."}` stands for bytes (version 1 protocols). */
  readonly hasBase64: boolean;
}

/** Reads a tensor's JSON elements; nothing is allocated for more elements than the bytes left could hold. */
export function readTensorData(reader: JsonReader, header: TensorHeader): Tensor {
  const { datatype, label, shape, count } = header;
  if (datatypes[datatype].kind === 'half' && !header.hasHalfNumbers) {
    throw new AppError(
      'INVALID_INPUT',
      `receiving ${datatype} data via JSON is not supported. Please use the binary data format for ${label}`,
    );
  }
  if (count > (reader.bytes.length - reader.pos) / 2) failCount(header, 'fewer');
  if (datatype === 'BYTES') {
    const data: BytesElement[] = [];
    readElements(reader, new TextSink(data, header));
    return { datatype, shape, data };
  }
  if (datatype === 'FP16' || datatype === 'BF16') {
    const numbers = new Float64Array(count);
    readElements(reader, new FloatSink(numbers, { ...header, datatype }));
    return { datatype, shape, data: Uint16Array.from(numbers, datatype === 'FP16' ? toHalfBits : toBrainBits) };
  }
  const data = new (arrayOf(datatype))(count);
  readElements(reader, createSink(data, { ...header, datatype }));
  return { datatype, shape, data };
}

function createSink(data: NumericData, header: TensorHeader & { readonly datatype: NumericDatatype }): ElementSink {
  if (data instanceof Float32Array) return new FloatSink(data, { ...header, datatype: 'FP32' });
  if (data instanceof Float64Array) return new FloatSink(data, { ...header, datatype: 'FP64' });
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return new BigIntegerSink(data, header);
  if (header.datatype === 'BOOL') return new BooleanSink(data as Uint8Array, header);
  return new SmallIntegerSink(data, header);
}
