import type { ProviderName } from '../../src/model/config.js';
import type { Step, StepKind } from './types.js';

/** A model that the proof runs. */
export interface ProofModel {
  readonly name: string;
  readonly path: string;
}

/** What the steps of a proof are chosen for. */
export interface PlanRequest {
  readonly provider: ProviderName;
  readonly models: readonly ProofModel[];
  /** Few rows and short windows: a software adapter, or a trial of the command. */
  readonly isSmall: boolean;
  readonly kinds: readonly StepKind[];
}

/** The steps of a proof: what decides first, so that a run that is cut short has the most important answers. */
export function planSteps({ provider, models, isSmall, kinds }: PlanRequest): readonly Step[] {
  const batches = isSmall ? [1, 4] : [1, 2, 4, 8, 16, 32, 64];
  const base = { provider, batches, variable: isSmall ? 8 : 128, windowMs: isSmall ? 50 : 500 };
  const each = (kind: Step['kind'], change: Partial<Step> = {}): readonly Step[] =>
    models.map(({ name, path }) => ({ ...base, ...change, name: `${kind}: ${name}`, kind, modelPath: path }));
  const steps: readonly Step[] = [
    { ...base, name: 'provider', kind: 'provider' },
    ...each('placement'),
    ...each('parity', { batches: isSmall ? [1, 3] : [1, 3, 32] }),
    ...each('cold start'),
    ...each('speed'),
    ...each('speed', { provider: 'cpu' }).map((step) => ({ ...step, name: `${step.name} on the CPU` })),
    ...each('buckets', { batches: isSmall ? [2, 3] : [3, 5, 7, 11, 13] }),
    ...each('two workers', { batches: [isSmall ? 2 : 16] }),
  ];
  return steps.filter(({ kind }) => kinds.includes(kind));
}
