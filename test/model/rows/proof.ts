import { WireReader } from '../../../src/model/onnx/fields.js';
import { readStructure } from '../../../src/model/onnx/structure-reader.js';
import { writeOnnx, type Graph } from '../../../src/model/onnx/writer.js';
import { proveRows, type RowsProof } from '../../../src/model/rows/prove.js';

/** What the graph of a model that a test wrote says of its rows. */
export function proofOf(graph: Graph): RowsProof {
  return proofOfBytes(writeOnnx(graph));
}

/** The same of a file's bytes. */
export function proofOfBytes(bytes: Uint8Array): RowsProof {
  const source = { size: bytes.length, read: (at: number, length: number) => bytes.subarray(at, at + length) };
  return proveRows(readStructure(new WireReader(source), bytes.length));
}
