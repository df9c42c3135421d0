import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../src/errors.js';
import { endChild } from './end-child.js';
import type { FromLoad, LoadOrder, LoadResult, WindowResult } from './messages.js';

/** A process that generates load; orders run one after another. */
export interface LoadGenerator {
  /** Runs an order; rejects with REQUEST_FAILED when the process could not. `signal` ends it at once. */
  run(order: LoadOrder, signal?: AbortSignal): Promise<LoadResult>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Starts the load process. It is another process so that its work is not on the measured server's or the reporter's event loop. */
export function startLoadGenerator(): LoadGenerator {
  const child = fork(fileURLToPath(new URL('./load-process.js', import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true, // Ctrl-C of the terminal reaches the parent, which ends this process
  });
  return {
    run: (order, signal) => runOrder(child, order, signal),
    close: () => endChild(child),
  };
}

function runOrder(child: ChildProcess, order: LoadOrder, signal?: AbortSignal): Promise<LoadResult> {
  const windows: WindowResult[] = [];
  const { promise, resolve, reject } = withResolvers<LoadResult>();
  const fail = (reason: string): void =>
    reject(new AppError('REQUEST_FAILED', `The load generator stopped: ${reason}`));
  const onMessage = (message: FromLoad): void => {
    if (message.kind === 'window') windows.push(message.window);
    else if (message.kind === 'done') resolve({ windows, answered: message.answered });
    else fail(message.message);
  };
  const onExit = (code: number | null): void => fail(`exit ${code ?? 'by signal'}`);
  const onAbort = (): void => fail('interrupted');
  child.on('message', onMessage).once('exit', onExit);
  signal?.addEventListener('abort', onAbort, { once: true });
  child.send(order);
  return promise.finally(() => {
    child.off('message', onMessage).off('exit', onExit);
    signal?.removeEventListener('abort', onAbort);
  });
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
