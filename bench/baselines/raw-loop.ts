import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../src/errors.js';
import type { FromRaw, RawOrder, RawWindow } from './raw-messages.js';

/**
 * Runs a model in a bare loop in a process of its own: what is physically there, with no server, queue or transport around it.
 * Rejects with ENGINE_FAILED where it cannot load or run, and when `signal` ends it.
 */
export function runRawLoop(order: RawOrder, signal?: AbortSignal): Promise<readonly RawWindow[]> {
  const child = fork(fileURLToPath(new URL('./raw-loop-process.js', import.meta.url)), { serialization: 'advanced' });
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new AppError('ENGINE_FAILED', `The raw loop of ${order.spec.modelPath}: ${reason}`));
    signal?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
    child.once('message', (message: FromRaw) => {
      if (message.kind === 'windows') resolve(message.windows);
      else fail(message.message);
    });
    child.once('exit', (code, by) => fail(by === null ? `exit ${code ?? 0} without a result` : `ended by ${by}`));
    child.send(order);
  });
}
