import type { ProviderName } from '../model/config.js';
import { isClose } from '../tensor/closeness.js';
import { sliceRows } from '../tensor/rows.js';
import { numbersOf } from '../tensor/half.js';
import type { NamedTensors, NumericTensor } from '../tensor/tensor.js';
import type { Outcome, TrialResult, TrialRun } from './trial.js';

/** One thing that was found; `fail`: the model is not to be served so. */
export interface Finding {
  readonly level: 'ok' | 'note' | 'fail';
  readonly text: string;
}

/** What a provider's process came to: its result, or how it ended. */
export type ProviderTrial = { readonly provider: ProviderName } & (
  { readonly result: TrialResult } | { readonly problem: string }
);

/** What one provider did with the runs, for itself: load, faults, batches against single rows, nodes that are left to the CPU. */
export function judgeProvider(trial: ProviderTrial, runs: readonly TrialRun[]): readonly Finding[] {
  const { provider } = trial;
  if ('problem' in trial) return [{ level: 'fail', text: `${provider}: ${trial.problem}` }];
  const { placement, outcomes, loadMs } = trial.result;
  const failed = outcomes.flatMap((outcome, at) =>
    'problem' in outcome
      ? [{ level: 'fail' as const, text: `${provider}: ${runs[at]?.label ?? ''}: ${outcome.problem}` }]
      : [],
  );
  const ran = `${provider}: loaded in ${Math.round(loadMs)} ms, computes on ${placement.device}, ${outcomes.length - failed.length} of ${outcomes.length} runs`;
  const loaded: Finding = { level: failed.length === 0 ? 'ok' : 'fail', text: ran };
  return [loaded, ...failed, ...judgePlacement(trial.result, provider), ...judgeNumbers(outcomes, { runs, provider })];
}

function judgePlacement({ placement }: TrialResult, provider: ProviderName): readonly Finding[] {
  if (provider === 'cpu') return [];
  const entries = Object.entries(placement.nodes);
  const onCpu = entries.filter(([name]) => name === 'CPUExecutionProvider').reduce((sum, [, count]) => sum + count, 0);
  const all = entries.reduce((sum, [, count]) => sum + count, 0);
  if (all === 0) return [{ level: 'note', text: `${provider}: where nodes run could not be counted` }];
  const text = `${provider}: ${onCpu} of ${all} nodes fall back to the CPU`;
  return [{ level: onCpu === 0 ? 'ok' : 'note', text }];
}

interface Ran {
  readonly runs: readonly TrialRun[];
  readonly provider: ProviderName;
}

/** Runs whose inputs are all finite and whose outputs are not. */
function judgeNumbers(outcomes: readonly Outcome[], { runs, provider }: Ran): readonly Finding[] {
  return outcomes.flatMap((outcome, at) => {
    if ('problem' in outcome) return [];
    const names = [...outcome.outputs]
      .filter(([, tensor]) => tensor.datatype !== 'BYTES' && !isFinite(tensor))
      .map(([name]) => name);
    const text = `${provider}: ${runs[at]?.label ?? ''}: ${names.join(', ')} holds NaN or infinity`;
    return names.length === 0 ? [] : [{ level: 'note' as const, text }];
  });
}

function isFinite(tensor: NumericTensor): boolean {
  const numbers = numbersOf(tensor);
  for (const value of numbers) if (typeof value === 'number' && !Number.isFinite(value)) return false;
  return true;
}

/** The last run is all others below each other: each of its rows against that row alone. */
export function judgeBatch(trial: ProviderTrial): Finding | undefined {
  if ('problem' in trial) return undefined;
  const singles = trial.result.outcomes.slice(0, -1);
  const together = trial.result.outcomes.at(-1);
  const { provider } = trial;
  if (together === undefined || 'problem' in together) return undefined;
  for (const [row, single] of singles.entries()) {
    if ('problem' in single) return undefined;
    for (const [name, tensor] of together.outputs) {
      const alone = single.outputs.get(name);
      const isRows = tensor.shape[0] === singles.length;
      if (!isRows)
        return {
          level: 'note',
          text: `${provider}: output ${name} of ${singles.length} rows has shape [${tensor.shape.join(',')}]: rows cannot be told apart, requests are not batched`,
        };
      if (alone === undefined || !isClose(sliceRows(tensor, row, 1), alone))
        return {
          level: 'note',
          text: `${provider}: row ${row + 1} of ${singles.length} gives a different ${name} together than alone: requests are not batched`,
        };
    }
  }
  return { level: 'ok', text: `${provider}: ${singles.length} rows give the same results together as alone` };
}

/** A provider against the CPU, run by run. */
export function compareProviders(
  trial: ProviderTrial,
  reference: TrialResult,
  runs: readonly TrialRun[],
): readonly Finding[] {
  if ('problem' in trial || trial.provider === 'cpu') return [];
  const different = trial.result.outcomes.flatMap((outcome, at) => {
    const expected = reference.outcomes[at];
    if ('problem' in outcome || expected === undefined || 'problem' in expected) return [];
    const names = differing(outcome.outputs, expected.outputs);
    return names.length === 0 ? [] : [`${runs[at]?.label ?? ''} (${names.join(', ')})`];
  });
  if (different.length === 0) return [{ level: 'ok', text: `${trial.provider}: gives the same results as the CPU` }];
  return [{ level: 'fail', text: `${trial.provider}: differs from the CPU for ${different.join('; ')}` }];
}

function differing(found: NamedTensors, expected: NamedTensors): readonly string[] {
  return [...found].flatMap(([name, tensor]) => {
    const other = expected.get(name);
    return other !== undefined && isClose(tensor, other) ? [] : [name];
  });
}
