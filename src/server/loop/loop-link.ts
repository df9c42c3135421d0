import { AppError, messageOf } from '../../errors.js';
import type { HealthReason, ServerHealth } from '../../protocol/server-health.js';
import type { Succession } from '../supervision/succession.js';
import type { LoopPorts, Share } from './divide.js';
import type { Announcement, FromLoop, LoopStart, Outcome, Question, ToLoop } from './messages.js';
import { judgeWhole } from './whole-health.js';

/** How often a loop shows that it turns. */
const pulseMs = 1000;

/** The parent asks other loops for less long; one that is stopped or hangs does not answer at all. */
const answerMs = 5000;

/** A loop's end of the way to the parent of all. */
export interface LoopLink {
  readonly share: Share;
  readonly ports: LoopPorts;
  /** When it listens, and whom it tells its health. */
  readonly succession: Succession;
  /** Its own health, and that of the others. */
  judge(own: ServerHealth): ServerHealth;
  /** Asks every loop, this one included. Rejects with the AppError of the one that failed; but for a change of models, soon. */
  askAll(question: Question): Promise<unknown>;
  /** Answers what is asked of every loop from here on. */
  answerWith(answer: (question: Question) => Promise<unknown>): void;
  tellStarted(announcement: Announcement): void;
}

/**
 * Follows the process that started this one as one of several HTTP loops; undefined where none did. `onGone` is called where that ended before
 * it could be followed: alone, this process would take itself for a whole server.
 */
export function followLoops(world: NodeJS.Process, onGone: () => void): LoopLink | undefined {
  const text = world.env['SLIPWAY_LOOP'];
  delete world.env['SLIPWAY_LOOP'];
  if (text === undefined) return undefined;
  const start = JSON.parse(text) as LoopStart;
  if (start.parent !== world.ppid || !world.connected) onGone();
  return new Link(world, start);
}

type Told = Pick<Extract<ToLoop, { kind: 'told' }>, 'id' | 'outcome'>;

class Link implements LoopLink {
  readonly share: Share;
  readonly ports: LoopPorts;
  readonly succession: Succession;
  readonly #world: NodeJS.Process;
  readonly #asked = new Map<number, (outcome: Outcome) => void>();
  #others: readonly HealthReason[] = [
    { code: 'MODEL_NOT_READY', final: false, message: 'The other HTTP loops are being started.' },
  ];
  #answer: (question: Question) => Promise<unknown> = () => Promise.reject(new Error('The loop is being started.'));
  #begin: () => void = () => undefined;
  #asks = 0;

  constructor(world: NodeJS.Process, { index, count, ports, waits }: LoopStart) {
    this.#world = world;
    this.share = { index, count };
    this.ports = ports;
    const turn = waits ? new Promise<void>((resolve) => (this.#begin = resolve)) : undefined;
    this.succession = {
      isShared: true,
      turn,
      inherited: () => undefined,
      share: () => undefined,
      tellHealth: (health) => this.#send({ kind: 'health', health }),
      tellServing: () => this.#send({ kind: 'serving' }),
      onLeave: () => undefined,
    };
    world.on('message', (message: ToLoop) => this.#hear(message));
    world.channel?.unref();
    setInterval(() => this.#send({ kind: 'pulse' }), pulseMs).unref();
  }

  judge(own: ServerHealth): ServerHealth {
    return judgeWhole(own, this.#others);
  }

  askAll(question: Question): Promise<unknown> {
    const id = this.#asks++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, (outcome) => {
        if (outcome.ok) resolve(outcome.value);
        else reject(errorOf(outcome));
      });
      this.#send({ kind: 'ask', id, question });
      if (question.what === 'change') return;
      const message = `The parent process of the HTTP loops has not answered within ${answerMs} ms.`;
      const silence = { ok: false, code: 'WORKER_LOST', message, details: {} } as const;
      setTimeout(() => this.#told({ id, outcome: silence }), answerMs).unref();
    });
  }

  answerWith(answer: (question: Question) => Promise<unknown>): void {
    this.#answer = answer;
  }

  tellStarted(announcement: Announcement): void {
    this.#send({ kind: 'started', announcement });
  }

  #hear(message: ToLoop): void {
    switch (message.kind) {
      case 'begin':
        this.#begin();
        return;
      case 'others':
        this.#others = message.reasons;
        return;
      case 'told':
        this.#told(message);
        return;
      case 'question': {
        const { id, question } = message;
        void outcomeOf(() => this.#answer(question)).then((outcome) => this.#send({ kind: 'answer', id, outcome }));
      }
    }
  }

  #told({ id, outcome }: Told): void {
    this.#asked.get(id)?.(outcome);
    this.#asked.delete(id);
  }

  /** A parent that has just ended takes this process along; what was to be told is not an error. */
  #send(message: FromLoop): void {
    if (this.#world.connected) this.#world.send?.(message, undefined, undefined, () => undefined);
  }
}

/** What came of some work, so that it can go to another process. */
async function outcomeOf(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { ok: true, value: await work() };
  } catch (thrown) {
    const { code, details } = thrown instanceof AppError ? thrown : new AppError('INTERNAL', messageOf(thrown));
    return { ok: false, code, message: messageOf(thrown), details };
  }
}

/** The error of an outcome, as it was thrown. */
function errorOf({ code, message, details }: Extract<Outcome, { ok: false }>): AppError {
  return new AppError(code, message, { details });
}
