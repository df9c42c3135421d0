import { AppError } from '../../errors.js';

/** How sharing a run went wrong. */
export type JoiningFault =
  /** An output has not one entry for each row. */
  | { readonly kind: 'uncut'; readonly reason: string }
  /** The run failed, and what shared it succeeds alone. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** An answer given in company is not the one given alone. */
  | { readonly kind: 'differs'; readonly output: string; readonly reason: string };

/** What the model's failure of a shared run says about sharing, if its requests succeed alone; undefined for any other failure. */
export function faultOf(error: unknown): JoiningFault | undefined {
  if (!(error instanceof AppError) || error.code !== 'ENGINE_FAILED') return undefined;
  return { kind: 'uncut' in error.details ? 'uncut' : 'failed', reason: error.message };
}

/** Counts how the requests of a failed run fare alone. */
export class Repeat {
  readonly #fault: JoiningFault;
  #left: number;
  #failed = 0;

  constructor(fault: JoiningFault, requests: number) {
    this.#fault = fault;
    this.#left = requests;
  }

  /** Notes one outcome; at the last, answers that the joining was at fault where every request succeeded alone. */
  note(isSuccess: boolean): JoiningFault | undefined {
    this.#left -= 1;
    if (!isSuccess) this.#failed += 1;
    return this.#left === 0 && this.#failed === 0 ? this.#fault : undefined;
  }
}
