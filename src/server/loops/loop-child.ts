import { spawn, type ChildProcess } from 'node:child_process';
import { omitUndefined } from '../../omit-undefined.js';
import type { ServerHealth, HealthReason } from '../../protocol/server-health.js';
import { nameOf } from '../loop/divide.js';
import type { Announcement, FromLoop, LoopStart, Outcome, Question, ToLoop } from '../loop/messages.js';
import type { Snapshot } from './answers.js';

/** What a loop is started with. */
export interface LoopChildOptions {
  readonly start: LoopStart;
  /** This process, whose program and words the loop has too. */
  readonly world: NodeJS.Process;
  /** How the loop before it ended, as `pid:SIGNAL`. */
  readonly ended?: string | undefined;
  /** Whether it answers metrics within this time, in milliseconds, or is left out with its last ones. */
  readonly answerMs: number;
  readonly on: LoopEvents;
}

/** What is heard of a loop. */
export interface LoopEvents {
  readonly onChange: (loop: LoopChild) => void;
  readonly onAsk: (loop: LoopChild, id: number, question: Question) => void;
  readonly onEnd: (loop: LoopChild, end: LoopEnd) => void;
}

/** How a loop ended: a code, or the signal. */
export interface LoopEnd {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started. */
  readonly reason?: string;
}

/** A signal is worse than a code, and a code than a lower one. */
export function worse(one: LoopEnd, other: LoopEnd): LoopEnd {
  if (one.signal !== null || other.signal !== null) return one.signal === null ? other : one;
  return other.code > one.code ? other : one;
}

/** One process with an HTTP loop, as its parent sees it. */
export class LoopChild {
  readonly options: LoopChildOptions;
  readonly startedMs = performance.now();
  health: ServerHealth | undefined;
  /** Whether it listens. */
  isServing = false;
  announcement: Announcement | undefined;
  /** Its metrics when they were last read. */
  metrics: Snapshot | undefined;
  /** Looks since it last showed that it turns. */
  silentLooks = 0;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (outcome: Outcome) => void>();
  #asks = 0;
  #exitCode: number | undefined;
  #hasEnded = false;

  constructor(options: LoopChildOptions) {
    this.options = options;
    const { start, world, ended, on } = options;
    const ioThreads = Math.max(4, Math.ceil(Number(world.env['UV_THREADPOOL_SIZE'] ?? 4) / start.count));
    // In a session of its own it gets a terminal's Ctrl-C once, from its parent.
    this.#child = spawn(world.execPath, [...world.execArgv, ...world.argv.slice(1)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      detached: true,
      env: {
        ...world.env,
        ...omitUndefined({ SLIPWAY_ENDED: ended }),
        SLIPWAY_SUPERVISED: String(world.pid),
        SLIPWAY_LOOP: JSON.stringify(start),
        UV_THREADPOOL_SIZE: String(ioThreads),
      },
    });
    this.#child.on('message', (message: FromLoop) => this.#hear(message));
    const end = (how: LoopEnd): void => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      this.isServing = false;
      on.onEnd(this, this.#exitCode === undefined ? how : { code: this.#exitCode, signal: null });
      for (const id of [...this.#pending.keys()]) this.#settle(id, this.#silence('has ended'));
    };
    this.#child.on('error', ({ message }) => {
      // Any later one is about a signal that did not reach it.
      if (this.#child.pid === undefined) end({ code: 1, signal: null, reason: message });
    });
    this.#child.on('exit', (code, signal) => end({ code: code ?? 1, signal }));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** `HTTP loop 2 of 4`. */
  get name(): string {
    return nameOf(this.options.start);
  }

  /** Whether it has loaded what it could. */
  get hasTried(): boolean {
    return this.health !== undefined && this.health.state !== 'starting';
  }

  get index(): number {
    return this.options.start.index;
  }

  /** Asks the loop something; no answer in time, or its end, is an outcome too, but a change of models takes the time that it takes. */
  ask(question: Question): Promise<Outcome> {
    if (this.#hasEnded) return Promise.resolve(this.#silence('has ended'));
    const id = this.#asks++;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      this.tell({ kind: 'question', id, question });
      if (question.what === 'change') return;
      setTimeout(() => this.#settle(id, this.#silence('does not answer')), this.options.answerMs).unref();
    });
  }

  tell(message: ToLoop): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #hear(message: FromLoop): void {
    this.silentLooks = 0;
    switch (message.kind) {
      case 'health':
        this.health = message.health;
        break;
      case 'serving':
        this.isServing = true;
        break;
      case 'started':
        this.announcement = message.announcement;
        break;
      case 'ask':
        this.options.on.onAsk(this, message.id, message.question);
        return;
      case 'answer':
        this.#settle(message.id, message.outcome);
        return;
      case 'pulse':
        return;
      default:
        this.#exitCode = message.exitCode;
        return;
    }
    this.options.on.onChange(this);
  }

  #settle(id: number, outcome: Outcome): void {
    this.#pending.get(id)?.(outcome);
    this.#pending.delete(id);
  }

  #silence(what: string): Outcome {
    return { ok: false, code: 'WORKER_LOST', message: `${this.name} ${what}.`, details: {} };
  }
}

/** After how many looks without a sign of life a loop is not ready, and is ended. */
export const mostSilentLooks = { ready: 2, alive: 12 };

/** Why a loop does not make the whole ready; nothing: it does. */
export function reasonOf(loop: LoopChild | undefined, name: string): readonly HealthReason[] {
  const say = (code: string, message: string, final = false): readonly HealthReason[] => [
    { code, final, message: `${name} ${message}` },
  ];
  if (loop?.health === undefined) return say('MODEL_NOT_READY', 'is being started.');
  if (loop.silentLooks >= mostSilentLooks.ready) return say('INTERNAL', 'has not answered for some time.');
  const { health, isServing } = loop;
  if (health.ready) return isServing ? [] : say('MODEL_NOT_READY', 'is being started.');
  const [first] = health.reasons;
  return say(first?.code ?? 'MODEL_NOT_READY', `is not ready: ${first?.message ?? health.state}`, first?.final);
}
