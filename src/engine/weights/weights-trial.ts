import { AppError } from '../../errors.js';
import { isClose } from '../../tensor/closeness.js';
import { drawTensors, mostMadeUp, variableSizes } from '../../tensor/drawn.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { EngineSession } from '../engine.js';

/** One run of a model on made-up inputs. */
export interface Trial {
  readonly feeds: NamedTensors;
  readonly outputs: NamedTensors;
}

/**
 * Runs a model on one made-up row, then on two where it can take them: kernels for one row differ from those for more. None
 * where it refuses such inputs.
 */
export async function runTrials(session: EngineSession): Promise<readonly Trial[]> {
  for (const variable of variableSizes) {
    const one = await runTrial(session, { rows: 1, variable });
    if (one === undefined) continue;
    const hasRows = session.inputs.some(({ shape }) => shape[0] === -1);
    const two = hasRows ? await runTrial(session, { rows: 2, variable }) : undefined;
    return two === undefined ? [one] : [one, two];
  }
  return [];
}

async function runTrial(
  session: EngineSession,
  sizes: { readonly rows: number; readonly variable: number },
): Promise<Trial | undefined> {
  try {
    const feeds = drawTensors(session.inputs, { ...sizes, seed: 1, maxElements: mostMadeUp });
    return { feeds, outputs: await session.run(feeds, namesOf(session)) };
  } catch {
    return undefined;
  }
}

/** Throws ENGINE_FAILED where a session answers other outputs than the trials have, or none. */
export async function checkTrials(session: EngineSession, trials: readonly Trial[]): Promise<void> {
  for (const { feeds, outputs } of trials) {
    const answers = await session.run(feeds, namesOf(session));
    for (const [name, expected] of outputs) {
      const answer = answers.get(name);
      if (answer !== undefined && isClose(answer, expected)) continue;
      throw new AppError('ENGINE_FAILED', `its copy computes a different '${name}' than the model does`);
    }
  }
}

function namesOf({ outputs }: EngineSession): readonly string[] {
  return outputs.map(({ name }) => name);
}
