import { AppError } from '../../errors.js';
import type { ModelTask } from '../../client/task.js';
import type { Question } from './question.js';

/** A model that is ready, and what it is for. */
export interface Candidate {
  readonly name: string;
  readonly task: ModelTask;
}

/** The one model that a question fits. Throws USAGE with the names to choose from, MODEL_NOT_FOUND where none fits. */
export function chooseModel(
  candidates: readonly Candidate[],
  { question, url }: { readonly question: Question; readonly url: string },
): string {
  const [sole, ...others] = candidates;
  if (sole === undefined) throw new AppError('MODEL_NOT_FOUND', `No model is ready at ${url}.`);
  if (others.length === 0) return sole.name;
  const wanted = wantedOf(question);
  const fitting = wanted === undefined ? candidates : candidates.filter(({ task }) => task.takes === wanted);
  const [first, ...rest] = fitting;
  if (first === undefined) {
    const text = `No model at ${url} takes ${wanted === 'image' ? 'images' : 'texts'}. There are ${namesOf(candidates)}.`;
    throw new AppError('MODEL_NOT_FOUND', text);
  }
  if (rest.length === 0) return first.name;
  throw new AppError('USAGE', `Several models could answer: ${namesOf(fitting)}. Name one with --model.`);
}

/** What a model has to take to be meant; tensors may be for any. */
function wantedOf(question: Question): ModelTask['takes'] | undefined {
  return question.kind === 'image' || question.kind === 'text' ? question.kind : undefined;
}

function namesOf(candidates: readonly Candidate[]): string {
  return candidates.map(({ name, task }) => `${name} (${task.name ?? task.takes})`).join(', ');
}
