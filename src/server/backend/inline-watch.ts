import { Worker } from 'node:worker_threads';
import type { InlineWatch } from '../../workers/inline/inline-session.js';
import type { LogSettings } from '../settings/settings.js';

/** What the watching thread starts with. */
export interface InlineWatchData {
  /** Cells: a count that is odd while a run is under way, and the number of its session. */
  readonly cells: SharedArrayBuffer;
  readonly limitMs: number;
  readonly log: LogSettings;
}

/** A session's name for the log. */
export interface WatchedSession {
  readonly session: number;
  readonly name: string;
}

/**
 * Watches runs on the HTTP thread from a thread of its own, which starts with the first session that may run there: a thread that
 * hangs in a run can see nothing. A run that passes the limit is logged, and the process killed for its supervisor to restart.
 */
export function createInlineWatch(data: Omit<InlineWatchData, 'cells'>): InlineWatch {
  const cells = new SharedArrayBuffer(8);
  const view = new Int32Array(cells);
  let thread: Worker | undefined;
  return {
    begin(session, name) {
      thread ??= start({ ...data, cells });
      thread.postMessage({ session, name } satisfies WatchedSession);
    },
    enter(session) {
      view[1] = session;
      Atomics.add(view, 0, 1);
    },
    leave() {
      Atomics.add(view, 0, 1);
    },
    async close() {
      await thread?.terminate();
    },
  };
}

function start(workerData: InlineWatchData): Worker {
  const thread = new Worker(new URL('./inline-watch-thread.js', import.meta.url), { name: 'inline-watch', workerData });
  thread.unref();
  return thread;
}
