import { AppError } from '../../errors.js';
import { arrayOf, datatypes, type Datatype, type NumericData, type NumericDatatype } from '../../tensor/datatype.js';
import type { BytesElement, Tensor } from '../../tensor/tensor.js';
import { failCount, readElements, type ElementSink, type ElementsDue } from './elements.js';
import { FloatSink } from './float-sink.js';
import { BigIntegerSink, SmallIntegerSink } from './integer-sinks.js';
import { BooleanSink, TextSink } from './other-sinks.js';
import type { JsonReader } from './reader.js';

/** A tensor whose `data` stands at the cursor; `count` is its shape's checked product. */
export interface TensorHeader extends ElementsDue {
  readonly datatype: Datatype;
  /** In FP32 and FP64 data `null` stands for NaN: what a server writes unless asked for tokens. */
  readonly nullAsNaN: boolean;
  /** In BYTES data `{"b64": "..."}` stands for bytes (version 1 protocols). */
  readonly hasBase64: boolean;
}

/** Reads a tensor's JSON elements; nothing is allocated for more elements than the bytes left could hold. */
export function readTensorData(reader: JsonReader, header: TensorHeader): Tensor {
  const { datatype, label, shape, count } = header;
  if (datatypes[datatype].kind === 'half') {
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
  const data = new (arrayOf(datatype))(count);
  readElements(reader, createSink(data, { ...header, datatype }));
  return { datatype, shape, data };
}

function createSink(data: NumericData, header: TensorHeader & { readonly datatype: NumericDatatype }): ElementSink {
  if (data instanceof Float32Array || data instanceof Float64Array) return new FloatSink(data, header);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return new BigIntegerSink(data, header);
  if (header.datatype === 'BOOL') return new BooleanSink(data as Uint8Array, header);
  return new SmallIntegerSink(data, header);
}
