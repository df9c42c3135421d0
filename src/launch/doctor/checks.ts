import type { CheckResult, CheckStatus, Examination } from './check-types.js';
import {
  checkApi,
  checkClient,
  checkDisk,
  checkEngine,
  checkImage,
  checkPermission,
  checkPort,
  checkSocket,
} from './engine-checks.js';
import { checkCdi, checkDriver, checkRuntime, checkToolkit, checkTrial } from './gpu-checks.js';

/** The checks in the order in which one thing needs the other. */
const ordered = [
  ['client', checkClient],
  ['socket', checkSocket],
  ['permission', checkPermission],
  ['engine', checkEngine],
  ['API version', checkApi],
  ['driver', checkDriver],
  ['toolkit', checkToolkit],
  ['runtime', checkRuntime],
  ['CDI', checkCdi],
  ['start with GPU', checkTrial],
  ['image', checkImage],
  ['port', checkPort],
  ['disk space', checkDisk],
] as const;

/** Judges everything that was gathered. Pure. */
export function judge(examination: Examination): readonly CheckResult[] {
  return ordered.map(([name, check]) => ({ name, ...check(examination) }));
}

const severity: Readonly<Record<CheckStatus, number>> = { ok: 0, skip: 0, warn: 1, fail: 2 };

/** doctor's exit code: 0 all well, 1 a warning, 2 a failure. */
export function worstOf(results: readonly CheckResult[]): number {
  return Math.max(0, ...results.map(({ status }) => severity[status]));
}
