import { AppError, type ErrorCode } from '../errors.js';
import type { ServerHealth } from '../protocol/server-health.js';
import type { ModelReadiness, ModelRepository } from '../repository/types.js';
import { healthWithoutModels, judgeHealth } from './describe/health.js';
import type { ReadyWhen } from './settings/settings.js';

/** Whether the server takes work. `failed`: it stays up, live, and says why it will never be ready. */
export type Phase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving'; readonly repository: ModelRepository }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly reason: string }
  | { readonly kind: 'stopping'; readonly repository: ModelRepository | undefined };

/** Holds the server's phase. The HTTP side listens before the models are there and after it was told to stop. */
export class Lifecycle {
  readonly #readyWhen: ReadyWhen;
  #phase: Phase = { kind: 'starting' };
  #isStartOver = false;
  readonly #listeners = new Set<() => void>();
  #others: () => readonly ModelReadiness[] = () => [];

  constructor(readyWhen: ReadyWhen) {
    this.#readyWhen = readyWhen;
  }

  get phase(): Phase {
    return this.#phase;
  }

  serve(repository: ModelRepository): void {
    if (this.#phase.kind === 'starting') this.#phase = { kind: 'serving', repository };
    this.changed();
  }

  /** From here on these count too, beside the models. */
  include(readiness: () => readonly ModelReadiness[]): void {
    this.#others = readiness;
  }

  /** Whether every model of the start has become ready or failed. */
  get isStartOver(): boolean {
    return this.#isStartOver;
  }

  /** Every model of the start is ready or has failed. */
  endStart(): void {
    this.#isStartOver = true;
    this.changed();
  }

  fail(code: ErrorCode, reason: string): void {
    if (this.#phase.kind !== 'stopping') this.#phase = { kind: 'failed', code, reason };
    this.changed();
  }

  stop(): void {
    this.#phase = { kind: 'stopping', repository: this.#phase.kind === 'serving' ? this.#phase.repository : undefined };
    this.changed();
  }

  /** Calls back after whatever may have changed health; answers how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Something happened that health may differ after: its listeners look once it is over. */
  changed(): void {
    if (this.#listeners.size > 0) setImmediate(() => this.#listeners.forEach((listener) => listener()));
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

  /** How far every version is that is to be served; nothing before the models' folder was read. */
  readiness(): readonly ModelReadiness[] {
    const phase = this.#phase;
    return 'repository' in phase ? [...(phase.repository?.readiness() ?? []), ...this.#others()] : [];
  }

  /** Whether requests should be sent here; if not, why, and whether that passes by itself. */
  health(): ServerHealth {
    const phase = this.#phase;
    switch (phase.kind) {
      case 'serving':
        return judgeHealth({
          models: this.readiness(),
          readyWhen: this.#readyWhen,
          isStartOver: this.#isStartOver,
        });
      case 'starting':
        return healthWithoutModels('starting', { code: 'MODEL_NOT_READY', message: 'The workers are being started.' });
      case 'failed':
        return healthWithoutModels('failed', { code: phase.code, message: phase.reason });
      case 'stopping':
        return healthWithoutModels('draining', { code: 'SHUTTING_DOWN', message: 'The server is shutting down.' });
    }
  }
}
