import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../src/errors.js';
import { endChild } from '../load/end-child.js';
import type { FromRaw, RawOrder, RawSetup, RawWindow, ToRaw } from './raw-messages.js';

/** A model in a bare loop in a process of its own: what is physically there, with no server, queue or transport around it. */
export interface RawLoop {
  readonly runtimeVersion: string;
  /** One window; orders run one after another. Rejects with ENGINE_FAILED where the model cannot run. */
  run(order: RawOrder): Promise<RawWindow>;
  close(): Promise<void>;
}

/** Loads the model in every thread. Rejects with ENGINE_FAILED where it cannot be loaded. */
export async function startRawLoop(setup: RawSetup): Promise<RawLoop> {
  const child = fork(fileURLToPath(new URL('./raw-loop-process.js', import.meta.url)), {
    serialization: 'advanced',
    detached: true, // Ctrl-C of the terminal reaches the parent, which ends this process
  });
  const close = () => endChild(child);
  const ask = (message: ToRaw) => askOnce(child, message, setup.spec.modelPath);
  try {
    const ready = await ask({ kind: 'setup', setup });
    return {
      runtimeVersion: ready.kind === 'ready' ? ready.runtimeVersion : '',
      run: async (order) => {
        const answer = await ask({ kind: 'order', order });
        if (answer.kind !== 'window') throw new TypeError(`The raw loop answered ${answer.kind} to an order`);
        return answer.window;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function askOnce(child: ChildProcess, message: ToRaw, modelPath: string): Promise<FromRaw> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      reject(new AppError('ENGINE_FAILED', `The raw loop of ${modelPath}: ${reason}`));
    };
    const onExit = (code: number | null, by: string | null): void => {
      fail(by === null ? `exit ${code ?? 0} without a result` : `ended by ${by}`);
    };
    child.once('exit', onExit);
    child.once('message', (answer: FromRaw) => {
      child.off('exit', onExit);
      if (answer.kind === 'failed') fail(answer.message);
      else resolve(answer);
    });
    child.send(message);
  });
}
