import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError, type PlainError } from '../../errors.js';
import { writeEditedNow } from '../../model/onnx/edit/edited-copy.js';
import type { GraphEdit } from '../../model/onnx/edit/edit-graph.js';
import { readOnnxModel, readRowsProof } from '../../model/onnx/reader.js';

/** What is done with a model's graph while its file is loaded. Each walks the whole graph, and blocks its thread meanwhile. */
export const graphJobs = {
  readModel: ({ path }: { readonly path: string }) => readOnnxModel(path),
  readRows: ({ path }: { readonly path: string }) => readRowsProof(path),
  writeEdited: ({ path, edit, target }: { readonly path: string; readonly edit: GraphEdit; readonly target: string }) =>
    writeEditedNow(path, edit, target),
} as const;

/** The name of a job. */
export type JobName = keyof typeof graphJobs;
/** What a job is given. */
export type JobInput<N extends JobName> = Parameters<(typeof graphJobs)[N]>[0];
/** What it answers. */
export type JobResult<N extends JobName> = ReturnType<(typeof graphJobs)[N]>;

/** What the thread is asked. */
export interface GraphQuestion<N extends JobName> {
  readonly name: N;
  readonly input: JobInput<N>;
}

/** What it tells. */
export type GraphAnswer<N extends JobName> = { readonly result: JobResult<N> } | { readonly error: PlainError };

/** Entry of a thread that reads a large graph. */
function answer<N extends JobName>({ name, input }: GraphQuestion<N>): GraphAnswer<N> {
  try {
    const job = graphJobs[name] as (given: JobInput<N>) => JobResult<N>;
    return { result: job(input) };
  } catch (error) {
    return { error: toPlainError(error) };
  }
}

parentPort?.postMessage(answer(workerData as GraphQuestion<JobName>));
