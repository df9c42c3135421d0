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
