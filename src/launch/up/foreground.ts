import { AppError } from '../../errors.js';
import type { LaunchContext } from '../context.js';
import type { Started } from '../session/session.js';

/** Time that a drain may take before the engine kills. */
const graceSeconds = 30;

/**
 * What Ctrl-C does: before a server is ready it aborts the start, and the second time it leaves at once; afterwards it drains, and the
 * second time it kills.
 */
export interface CtrlC {
  /** Aborted by a Ctrl-C before the hand-over. */
  readonly signal: AbortSignal;
  /** From here on the server is ended instead. A Ctrl-C that came before is made up for. */
  readonly handOver: (started: Started) => void;
  /** Rejects with SHUTTING_DOWN at the second Ctrl-C before the hand-over: an engine that hangs holds nobody up. */
  readonly left: Promise<never>;
  readonly release: () => void;
}

/** Takes Ctrl-C (and SIGTERM) over for as long as a launch lasts. */
export function takeCtrlC(context: LaunchContext): CtrlC {
  const controller = new AbortController();
  let server: Started | undefined;
  let presses = 0;
  const ignore = (): undefined => undefined;
  const end = (started: Started): void => {
    presses += 1;
    if (presses === 1) context.console.note('stopping: requests in flight finish first; Ctrl-C again kills');
    void (presses === 1 ? started.stop({ graceSeconds }) : started.kill()).catch(ignore);
  };
  let leave: (reason: AppError) => void = ignore;
  const left = new Promise<never>((_, reject) => (leave = reject));
  left.catch(ignore);
  const release = context.onSignal(() => {
    if (server !== undefined) end(server);
    else if (controller.signal.aborted) leave(leftBehind());
    else {
      context.console.note('stopping: what was begun is taken back; Ctrl-C again ends at once');
      controller.abort();
    }
  });
  const handOver = (started: Started): void => {
    server = started;
    if (controller.signal.aborted) end(started);
  };
  return { signal: controller.signal, handOver, left, release };
}

function leftBehind(): AppError {
  const text = 'Interrupted before what was begun could be taken back.\n  fix: launch ps -a shows what is left of it';
  return new AppError('SHUTTING_DOWN', text);
}
