// Answers one step and ends. A driver that crashes or hangs takes only this process along.
import { disableTelemetry } from '../../src/engine/telemetry.js';
import { messageOf } from '../../src/errors.js';
import type { Step, StepOutcome } from './types.js';

disableTelemetry(process.env);
const { compareWithCpu, measureBuckets, measureColdStart, measureSpeed, provePlacement } =
  await import('./answer-step.js');

/** By kind; what the proof itself does is not asked of a process. */
const answers: Readonly<Partial<Record<Step['kind'], (step: Step) => Promise<StepOutcome>>>> = {
  placement: provePlacement,
  parity: compareWithCpu,
  speed: measureSpeed,
  'cold start': measureColdStart,
  buckets: measureBuckets,
};

process.once('message', (step: Step) => {
  const answer = answers[step.kind] ?? (() => Promise.reject(new Error(`no answer to ${step.kind}`)));
  void answer(step)
    .catch((error: unknown): StepOutcome => ({ state: 'broken', reason: messageOf(error) }))
    .then((outcome) => process.send?.(outcome, () => process.exit(0)));
});
