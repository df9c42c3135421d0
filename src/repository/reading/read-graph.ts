import { AppError, fromPlainError, messageOf } from '../../errors.js';
import type { GraphEdit } from '../../model/onnx/edit/edit-graph.js';
import { writeEdited } from '../../model/onnx/edit/edited-copy.js';
import type { OnnxModel } from '../../model/onnx/header.js';
import { readOnnxModel, readRowsProof, withOnnxFile } from '../../model/onnx/reader.js';
import type { RowsProof } from '../../model/rows/prove.js';
import { askThread } from './ask-thread.js';
import type { JobInput, JobName, JobResult, GraphAnswer } from './graph-thread.js';
import { WireReader, type WireField } from '../../model/onnx/fields.js';

/** Many times what graphs of 50 MiB need. */
const limitMs = 10 * 60_000;
/** Several times what the largest graphs need. */
const mostMiB = 2048;

/** A model file, and whether its graph is read on a thread of its own. */
export interface GraphFile {
  readonly path: string;
  readonly isLarge: boolean;
}

/** Looks at a file, once for all that is read of it and of the copy that is made of it. */
export function graphOf(path: string): GraphFile {
  return { path, isLarge: hasLargeGraph(path) };
}

/** What `readOnnxModel` says, without holding up this thread. Rejects as that throws. */
export async function readModel({ path, isLarge }: GraphFile, most = limitMs): Promise<OnnxModel> {
  return isLarge ? inThread('readModel', { path }, most) : readOnnxModel(path);
}

/** What `readRowsProof` says, without holding up this thread. */
export async function readRows({ path, isLarge }: GraphFile, most = limitMs): Promise<RowsProof> {
  if (!isLarge) return readRowsProof(path);
  return inThread('readRows', { path }, most).catch((error: unknown) => ({ proven: false, reason: messageOf(error) }));
}

/** Writes what `writeEdited` does, without holding up this thread. */
export async function writeServed({ path, isLarge }: GraphFile, edit: GraphEdit, target: string): Promise<void> {
  return isLarge ? inThread('writeEdited', { path, edit, target }, limitMs) : writeEdited(path, edit, target);
}

/** One at a time: each takes memory by the size of its graph, and many models may load at once. */
let last: Promise<unknown> = Promise.resolve();

function inThread<N extends JobName>(name: N, input: JobInput<N>, most: number): Promise<JobResult<N>> {
  const read = last.then(() => askGraphThread(name, input, most));
  last = read.catch(() => undefined);
  return read;
}

async function askGraphThread<N extends JobName>(name: N, input: JobInput<N>, most: number): Promise<JobResult<N>> {
  const entry = new URL('./graph-thread.js', import.meta.url);
  const asked = askThread(entry, { name: 'graph', workerData: { name, input }, limitMs: most, mostMiB });
  const answer = (await asked.catch(fail)) as GraphAnswer<N>;
  if ('error' in answer) throw fromPlainError(answer.error);
  return answer.result;
}

function fail(error: unknown): never {
  const text = `The model's graph could not be read: ${messageOf(error)}. Save the model with fewer nodes and initializers.`;
  throw new AppError('MODEL_INVALID', text, { cause: error });
}

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
function hasLargeGraph(path: string): boolean {
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
