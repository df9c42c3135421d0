import type { StepConfig } from '../../model/pipeline/pipeline-json.js';
import type { ServableModel } from '../../repository/types.js';
import type { Codec } from '../codec/codec.js';
import { viewOf } from '../inference/model-view.js';
import { predict } from '../inference/predict.js';
import type { RequestMemory } from '../memory/memory-budget.js';
import { toStepCall } from './remote/remote.js';
import type { StepCall } from './types.js';

/** One image for a model of this server. */
export interface LocalCall {
  readonly image: Uint8Array;
  readonly signal: AbortSignal;
  readonly memory: RequestMemory;
  readonly trace: object | undefined;
}

/** Asks a model of this server about an image, as `POST /predictions` would. Rejects as that does. */
export async function callLocal(
  { options }: StepConfig,
  model: ServableModel,
  { codec, call: { image, signal, memory, trace } }: { readonly codec: Codec; readonly call: LocalCall },
): Promise<StepCall> {
  const ticket = model.admission.enter(image.length);
  let isAnswered = false;
  try {
    memory.take(image.length);
    // What reads a body may take its memory, which other steps need too.
    const body = Buffer.from(image);
    const asked = { ...options };
    const answer = await predict(codec.of(signal), {
      ...{ view: viewOf(model), body, contentType: undefined, asked, withOutputs: false },
      ...{ signal, memory, trace },
    });
    isAnswered = true;
    return toStepCall(answer.body.toString());
  } finally {
    model.admission.leave(ticket, isAnswered);
  }
}
