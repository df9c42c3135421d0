import { workerData } from 'node:worker_threads';

/** Entry of the thread that ends a helper process whose parent is gone. Nothing rings: the wait is only a sleep that can be ended. */
const never = new Int32Array(new SharedArrayBuffer(4));
while (process.ppid === workerData) Atomics.wait(never, 0, 0, 500);
process.kill(process.pid, 'SIGKILL');
