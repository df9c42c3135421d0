import { AppError } from '../../errors.js';
import type { ProcessFault } from '../../workers/runner.js';

/** The end of a process in an error: what it says of the one model that the process held. Undefined where it says nothing, such as that the server stops. */
export function faultOf(error: unknown, phase: ProcessFault['phase']): ProcessFault | undefined {
  if (!(error instanceof AppError) || error.code !== 'WORKER_LOST') return undefined;
  const cause = error.details['cause'] as ProcessFault['cause'] | 'asked' | undefined;
  return cause === undefined || cause === 'asked' ? undefined : { reason: error.message, phase, cause };
}
