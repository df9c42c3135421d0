import type { InlineRuns } from '../workers/runner.js';
import type { Entry } from './entry.js';
import type { RunPlan } from './plan.js';

/**
 * Whether a run may happen on this thread now. Never where a request replaces a default, which may load a session first, where it has
 * images to be decoded, nor where it is repeated after a run that failed.
 */
export function mayRunHere({ requests, rowsToRun }: RunPlan<Entry>, inline: Pick<InlineRuns, 'mayRun'>): boolean {
  const [first] = requests;
  if (first === undefined || first.isRetry || first.request.isAlone === true || first.request.hasFiles) return false;
  return inline.mayRun({ inputs: first.request.inputs, rows: rowsToRun, requests: requests.length });
}
