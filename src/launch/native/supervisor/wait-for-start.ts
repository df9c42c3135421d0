import type { ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../../errors.js';
import { readServer, type NativeServer } from '../read-server.js';
import { readState } from '../state.js';

const pollMs = 50;
const usualLimitMs = 30_000;

/** Waits until the supervisor has started its server and has written that down. Ends one that does not. */
export async function waitForStart(
  folder: string,
  supervisor: Pick<ChildProcess, 'exitCode' | 'signalCode' | 'kill'>,
  limitMs = usualLimitMs,
): Promise<NativeServer> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const { exitCode, signalCode } = supervisor;
    const hasEnded = exitCode !== null || signalCode !== null;
    // Before its supervisor's first word a server would be told as exited, and the supervisor looked for among all processes.
    const hasReported = (await readState(folder)) !== undefined;
    const server = hasReported ? await readServer(folder) : undefined;
    if (server !== undefined && server.status !== 'starting') return server;
    if (hasEnded) {
      const how = exitCode === null ? `signal ${signalCode}` : `exit code ${exitCode}`;
      throw new AppError(
        'CONTAINER_EXITED',
        `The supervisor of ${folder} ended at once with ${how}.\n  fix: ${fixFor(folder)}`,
      );
    }
    if (performance.now() > endMs) {
      supervisor.kill('SIGTERM');
      const text = `The supervisor of ${folder} did not write there within ${limitMs / 1000} s that its server was started; it was ended.`;
      throw new AppError('READY_TIMEOUT', `${text}\n  fix: ${fixFor(folder)}`);
    }
    await wait(pollMs);
  }
}

function fixFor(folder: string): string {
  return `make room on its disk where that is full (df ${folder}), then the same command again`;
}
