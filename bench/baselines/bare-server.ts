import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endChild } from '../load/end-child.js';
import type { BareAnswer, FromBare } from './bare-server-process.js';

/** A bare server that runs. */
export interface BareServer {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Changes what every request is answered with. */
  setAnswer(answer: BareAnswer): Promise<void>;
  close(): Promise<void>;
}

/** Starts an HTTP server in a process of its own that parses each body and gives the same answer to every request. */
export async function startBareServer(answer: BareAnswer): Promise<BareServer> {
  const child = fork(fileURLToPath(new URL('./bare-server-process.js', import.meta.url)), {
    serialization: 'advanced',
    detached: true, // Ctrl-C of the terminal reaches the parent, which ends this process
  });
  const setAnswer = async (next: BareAnswer): Promise<number> => {
    child.send(next);
    const [port] = (await once(child, 'message')) as [FromBare];
    return port;
  };
  return {
    host: '127.0.0.1',
    port: await setAnswer(answer),
    pid: child.pid ?? 0,
    setAnswer: async (next) => {
      await setAnswer(next);
    },
    close: () => endChild(child),
  };
}
