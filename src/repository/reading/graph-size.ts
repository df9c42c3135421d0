import { WireReader, type WireField } from '../../model/onnx/fields.js';
import { withOnnxFile } from '../../model/onnx/reader.js';

/** From here on a graph takes a tenth of a second to read, more than a thread takes to start. */
const largeBytes = 512 * 1024;
/** What a field costs beside its bytes, in bytes that cost the same. */
const fieldBytes = 16;

/** ModelProto: graph 7, functions 25. GraphProto: initializer 5. */
const fields = { graph: 7, initializer: 5 } as const;

/**
 * Whether an ONNX file is large in what is read of it, weights left out: fields are counted, until they are too many, and what they hold
 * is not looked at. A file that cannot be read is not large.
 */
export function hasLargeGraph(path: string): boolean {
  try {
    return withOnnxFile(path, (source) => source.size > largeBytes && isLarge(new WireReader(source), source.size));
  } catch {
    return false;
  }
}

function isLarge(wire: WireReader, size: number): boolean {
  let left = largeBytes;
  const take = (bytes: number): boolean => (left -= bytes + fieldBytes) < 0;
  for (const field of wire.fields(0, size)) {
    if (field.number !== fields.graph) {
      if (take(field.end - field.start)) return true;
      continue;
    }
    for (const part of wire.fields(field.start, field.end)) {
      const bytes = part.number === fields.initializer ? bytesWithoutValues(wire, part, left) : part.end - part.start;
      if (take(bytes)) return true;
    }
  }
  return false;
}

/** Of a tensor the longest field is its values; the others are read. Stops at `most`. */
function bytesWithoutValues(wire: WireReader, tensor: WireField, most: number): number {
  let [sum, longest] = [0, 0];
  for (const { tagStart, end } of wire.fields(tensor.start, tensor.end)) {
    longest = Math.max(longest, end - tagStart);
    sum += end - tagStart + fieldBytes;
    if (sum - longest > most) break;
  }
  return sum - longest;
}
