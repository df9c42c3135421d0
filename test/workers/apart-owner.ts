import { readFile } from 'node:fs/promises';
import { startRunner } from '../../src/workers/pool.js';
import { Queue, specOf } from './queue.js';

// Runs a model that never comes back in a process of its own, and tells that process's number once it is busy.
const runner = await startRunner({ workers: 1, env: process.env });
const queue = new Queue();
const session = await runner.load(specOf(process.argv[2] ?? ''), { instances: 1, next: queue.next, apart: true });
const request = new Map([
  ['X', { datatype: 'INT64', shape: [], data: BigInt64Array.of(5n) } as const],
  ['L', { datatype: 'FP32', shape: [], data: Float32Array.of(0) } as const],
]);
queue.run(session, { requests: [request], rows: 0, outputs: ['Y'] }).catch(() => undefined);
const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
process.send?.(Number(children.trim().split(' ')[0]));
