import { parentPort } from 'node:worker_threads';
import { modelOf } from '../../../src/server/codec/cost.js';
import { performTask } from '../../../src/server/codec/parts.js';
import type { ToCodec } from '../../../src/server/codec/tasks.js';

/** A codec thread that computes for ever where a task is for the model `hangs`. */
parentPort?.on('message', ({ job, task }: ToCodec) => {
  while (modelOf(task) === 'hangs');
  void performTask(task).then((result) => parentPort?.postMessage({ job, result }));
});
