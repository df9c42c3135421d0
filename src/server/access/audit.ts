import { AppError, messageOf, shorten } from '../../errors.js';
import type { Log } from '../log/log.js';
import type { Caller } from './doors.js';

/** A call that changes what the server serves. */
export interface ManagedCall {
  readonly action: 'load' | 'unload';
  readonly model: string;
  readonly caller: Caller;
  /** Address that the call came from. */
  readonly from: string;
  readonly requestId: string;
  /** Ids of its span, where traces are sent. */
  readonly trace: object | undefined;
}

/** Does what a call asks for, and writes one line of who asked, for what, and what became of it, also where it was refused. */
export async function audited(log: Log, call: ManagedCall, work: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  const { caller, trace, ...given } = call;
  const facts = { ...given, model: shorten(call.model, longestText), ...trace };
  const record = (result: string, reason?: string): void => {
    const ms = Math.round(performance.now() - startedMs);
    log.info(
      {
        ...facts,
        key: caller.keyName ?? 'none asked for',
        result,
        ms,
        ...(reason === undefined ? {} : { reason: shorten(reason, longestText) }),
      },
      'audit',
    );
  };
  try {
    await work();
    record('done');
  } catch (thrown) {
    const isRefused = thrown instanceof AppError && thrown.code === 'FORBIDDEN';
    record(isRefused ? 'refused' : 'failed', messageOf(thrown));
    throw thrown;
  }
}

/** A name over gRPC may be as long as a message, and whoever may not manage is written down too. */
const longestText = 1000;
