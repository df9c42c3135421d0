import type { JoiningFault } from './fault.js';

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
