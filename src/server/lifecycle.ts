import { AppError } from '../errors.js';
import type { ModelRepository } from '../repository/types.js';

/** Whether the server takes work. `failed`: it stays up, live, and says why it will never be ready. */
export type Phase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving'; readonly repository: ModelRepository }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'stopping'; readonly repository: ModelRepository | undefined };

/** Holds the server's phase. The HTTP side listens before the models are there and after it was told to stop. */
export class Lifecycle {
  #phase: Phase = { kind: 'starting' };

  get phase(): Phase {
    return this.#phase;
  }

  serve(repository: ModelRepository): void {
    if (this.#phase.kind === 'starting') this.#phase = { kind: 'serving', repository };
  }

  fail(reason: string): void {
    if (this.#phase.kind !== 'stopping') this.#phase = { kind: 'failed', reason };
  }

  stop(): void {
    this.#phase = { kind: 'stopping', repository: this.#phase.kind === 'serving' ? this.#phase.repository : undefined };
  }

  /** The models; while the server stops too, so that connections which still send are served. Throws MODEL_NOT_READY or SHUTTING_DOWN. */
  get repository(): ModelRepository {
    const phase = this.#phase;
    if ((phase.kind === 'serving' || phase.kind === 'stopping') && phase.repository !== undefined)
      return phase.repository;
    if (phase.kind === 'failed') throw new AppError('MODEL_NOT_READY', `The server is not ready: ${phase.reason}`);
    if (phase.kind === 'stopping') throw new AppError('SHUTTING_DOWN', 'The server is shutting down.');
    throw new AppError(
      'MODEL_NOT_READY',
      'The server is starting: its models are being loaded. Try again in a moment.',
    );
  }

  /** Whether every model asked for is ready and the server is not about to end; if not, why. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    const phase = this.#phase;
    if (phase.kind === 'serving') return phase.repository.readiness();
    const reasons = { starting: 'the models are being loaded', stopping: 'the server is shutting down' };
    return { ready: false, reasons: [phase.kind === 'failed' ? phase.reason : reasons[phase.kind]] };
  }
}
