import { messageOf } from '../../src/errors.js';
import { type ServedModel, readModel } from './server-facts.js';
import type { StartOptions, Target, TargetPlan } from './target.js';
import { ask } from './ask.js';
import { buildPayloads } from './requests.js';

/** A target that runs, with the time that each of its starts took until the first answer. */
export interface StartedTarget {
  readonly target: Target;
  readonly coldStartsMs: readonly number[];
}

/** Why a target does not run. */
export interface SkippedTarget {
  readonly name: string;
  readonly reason: string;
}

/** Which start is measured, and how often. */
export interface ColdStartRequest {
  readonly starts: number;
  /** The model that the first answer comes from. */
  readonly model: string;
  readonly variable: number;
}

/** Starts a target as often as asked; the last start stays. A target that runs already has no cold starts. */
export async function startTarget(
  plan: TargetPlan,
  request: ColdStartRequest,
  options: StartOptions,
): Promise<StartedTarget | SkippedTarget> {
  const coldStartsMs: number[] = [];
  try {
    for (;;) {
      options.signal.throwIfAborted();
      const target = await plan.start(options);
      if (target.readyAfterMs === undefined) return { target, coldStartsMs };
      const readyAt = performance.now();
      await answerOnce(target, request).catch(async (error: unknown) => {
        await target.stop();
        throw error;
      });
      coldStartsMs.push(target.readyAfterMs + performance.now() - readyAt);
      if (coldStartsMs.length >= request.starts) return { target, coldStartsMs };
      await target.stop();
    }
  } catch (error) {
    options.signal.throwIfAborted();
    return { name: plan.name, reason: messageOf(error) };
  }
}

async function answerOnce(target: Target, { model, variable }: ColdStartRequest): Promise<void> {
  const served: ServedModel = await readModel(target, model);
  const request = { model, inputs: served.inputs, form: 'binary', rows: 1, variable, images: [] } as const;
  await ask(target.origin, buildPayloads(request)[0]);
}
