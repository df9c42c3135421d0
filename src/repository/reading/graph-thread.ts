import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError, type PlainError } from '../../errors.js';
import { graphJobs, type JobInput, type JobName, type JobResult } from './graph-jobs.js';

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
