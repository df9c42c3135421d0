import { workerData } from 'node:worker_threads';

/** A codec thread that counts its start. */
Atomics.add((workerData as { readonly started: Int32Array }).started, 0, 1);
await import('../../../src/server/codec/codec-thread.js');
