import { setTimeout as wait } from 'node:timers/promises';
import { omitUndefined } from '../../omit-undefined.js';
import { restartPolicy, Restarts } from '../../restart-policy.js';
import type { HealthReason, ServerHealth } from '../../protocol/server-health.js';
import { healthWithoutModels } from '../describe/health.js';
import type { Log } from '../log/log.js';
import { Changes } from './changes.js';
import { nameOf, type LoopPorts } from '../loop/divide.js';
import { LoopChild, worse, type LoopEnd, mostSilentLooks, reasonOf } from './loop-child.js';
import type { Announcement, Outcome, Question } from '../loop/messages.js';
import { counterOf, Retired, type Snapshot } from './answers.js';
import { judgeWhole } from '../loop/whole-health.js';

/** What the parent of several loops is made of. */
export interface ParentOptions {
  readonly count: number;
  readonly ports: LoopPorts;
  readonly world: NodeJS.Process;
  readonly log: Log;
  /** What the loops may take to end before they are killed, in milliseconds. */
  readonly stopMs: number;
  /** Every loop serves for the first time: what the first one has to say of it. */
  readonly onStarted: (announcement: Announcement) => void;
  readonly onHealth: (health: ServerHealth) => void;
  /** Every loop has ended. */
  readonly onEnd: (end: LoopEnd) => void;
}

/** How often the loops are looked at. */
const lookMs = 5000;

/** Signals on which a server finishes its requests; any other ends it, and so the whole, as if there were one loop. */
export const drains: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/** A loop that does not tell its metrics or statistics within this time is left out. */
const answerMs = 2000;

/** Starts the loops, and starts those again that end; knows their health, and asks all of them what one is asked. */
export class Parent {
  readonly #options: ParentOptions;
  readonly #loops: (LoopChild | undefined)[];
  readonly #restarts: readonly Restarts[];
  readonly #changes: Changes;
  /** Loops whose models are as those of the others. */
  readonly #joined = new Set<LoopChild>();
  readonly #retired = new Retired();
  #restartCount = 0;
  #isStarted = false;
  #stopSignal: NodeJS.Signals | undefined;
  readonly #stopping = new AbortController();
  readonly #wasStarted = new Set<number>();
  #end: LoopEnd = { code: 0, signal: null };

  constructor(options: ParentOptions) {
    this.#options = options;
    this.#changes = new Changes((late) =>
      options.log.warn(late, 'an HTTP loop has not made a change of a model: later ones of that model wait for it'),
    );
    this.#loops = Array.from({ length: options.count }, () => undefined);
    this.#restarts = this.#loops.map(() => new Restarts(restartPolicy));
    setInterval(() => this.#look(), lookMs).unref();
  }

  /** Starts the first one alone: it proves the models and writes their optimised copies, which the others find. */
  startFirst(): void {
    this.#start(0, {});
  }

  /** Ends all loops as the signal does; a second one ends them at once. */
  stop(signal: NodeJS.Signals): void {
    if (this.#stopSignal === undefined) setTimeout(() => this.#killAll(), this.#options.stopMs).unref();
    this.#stopSignal ??= signal;
    this.#stopping.abort();
    for (const loop of this.#running()) loop.kill(signal);
    this.#endIfOver();
  }

  /** The health of the whole. */
  health(): ServerHealth {
    const starting = { code: 'MODEL_NOT_READY', message: 'The HTTP loops are being started.' } as const;
    const own = this.#loops[0]?.health ?? healthWithoutModels('starting', starting);
    return judgeWhole(own, this.#reasonsBut(0));
  }

  /** The metrics of every loop, and what those counted that have ended. */
  async metrics(): Promise<readonly Snapshot[]> {
    await Promise.all(
      this.#running().map(async (loop) => {
        const outcome = await loop.ask({ what: 'metrics' });
        if (outcome.ok) loop.metrics = outcome.value as Snapshot;
      }),
    );
    const retired = await this.#retired.read();
    const restarts = counterOf('slipway_http_loop_restarts_total', 'HTTP loops started again.', this.#restartCount);
    return [...this.#running().flatMap(({ metrics }) => (metrics === undefined ? [] : [metrics])), retired, [restarts]];
  }

  #start(index: number, { ended }: { readonly ended?: string | undefined }): void {
    const { count, ports, world } = this.#options;
    this.#wasStarted.add(index);
    const waits = this.#wasStarted.size > 1;
    const loop = new LoopChild({
      start: { index, count, parent: world.pid, waits, ports },
      world,
      ended,
      answerMs,
      on: {
        onChange: (changed) => this.#changed(changed),
        onAsk: (asking, id, question) => void this.#answer(asking, id, question),
        onEnd: (child, end) => this.#ended(child, end),
      },
    });
    this.#loops[index] = loop;
    if (!waits) this.#joined.add(loop);
  }

  #changed(loop: LoopChild): void {
    if (loop.hasTried && this.#stopSignal === undefined) {
      for (const index of this.#loops.keys()) if (!this.#wasStarted.has(index)) this.#start(index, {});
    }
    this.#letIn();
    this.#tellAll();
    const announcement = this.#loops[0]?.announcement;
    if (this.#isStarted || announcement === undefined) return;
    if (!this.#loops.every((each) => each?.announcement !== undefined)) return;
    this.#isStarted = true;
    this.#options.onStarted(announcement);
  }

  /** Lets in those that have tried to load everything. */
  #letIn(): void {
    for (const loop of this.#running()) {
      if (loop.hasTried && !this.#joined.has(loop) && this.#mayJoin(loop)) void this.#join(loop);
    }
  }

  /** While others are ready, one that is not would answer what they would answer better. */
  #mayJoin({ health }: LoopChild): boolean {
    return health?.ready === true || !this.#running().some((loop) => loop.isServing && loop.health?.ready === true);
  }

  /** It listens once it has made the changes that the others have made. */
  async #join(loop: LoopChild): Promise<void> {
    const { log } = this.#options;
    this.#joined.add(loop);
    for (const outcome of await this.#changes.repeat(loop)) {
      if (!outcome.ok)
        log.error({ loop: loop.index + 1, reason: outcome.message }, 'a change of models could not be repeated');
    }
    loop.tell({ kind: 'begin' });
  }

  async #answer(asking: LoopChild, id: number, question: Question): Promise<void> {
    asking.tell({ kind: 'told', id, outcome: await this.#askAll(asking, question) });
  }

  async #askAll(asking: LoopChild, question: Question): Promise<Outcome> {
    switch (question.what) {
      case 'metrics':
        return { ok: true, value: await this.metrics() };
      case 'statistics': {
        const outcomes = await Promise.all(this.#running().map((loop) => loop.ask(question)));
        return { ok: true, value: outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])) };
      }
      case 'change': {
        const others = (): readonly LoopChild[] =>
          this.#running().filter((loop) => loop !== asking && this.#joined.has(loop));
        return this.#changes.make(question.change, () => [asking, ...others()]);
      }
    }
  }

  #ended(loop: LoopChild, end: LoopEnd): void {
    const { index, metrics } = loop;
    this.#loops[index] = undefined;
    this.#joined.delete(loop);
    if (metrics !== undefined) this.#retired.add(metrics);
    if (this.#stopSignal === undefined) this.#replace(loop, end);
    // What drains would end only one that was being started.
    else if (end.signal !== this.#stopSignal || !drains.includes(end.signal)) this.#end = worse(this.#end, end);
    this.#letIn();
    this.#tellAll();
    this.#endIfOver();
  }

  /** A start that fails by itself would fail again: then the whole ends, as one server does. */
  #replace(loop: LoopChild, end: LoopEnd): void {
    const { index, pid } = loop;
    const { log } = this.#options;
    const { signal, code, reason } = end;
    const facts = { loop: index + 1, ...omitUndefined({ pid, reason }), ...(signal === null ? { code } : { signal }) };
    const delayMs =
      signal === null && !this.#isStarted ? undefined : this.#restarts[index]?.next(performance.now() - loop.startedMs);
    if (delayMs === undefined) {
      if (this.#isStarted) log.error(facts, 'an HTTP loop ended too often in a row: the server ends');
      else if (reason !== undefined) log.error(facts, 'an HTTP loop could not be started: the server ends');
      this.#end = end;
      this.stop('SIGTERM');
      return;
    }
    log.error({ ...facts, delayMs }, 'an HTTP loop has ended: it is started again');
    this.#restartCount += 1;
    const ended = signal === null ? undefined : `${pid}:${signal}`;
    wait(delayMs, undefined, { signal: this.#stopping.signal }).then(
      () => this.#start(index, { ended }),
      () => undefined,
    );
  }

  #endIfOver(): void {
    if (this.#stopSignal !== undefined && this.#running().length === 0) this.#options.onEnd(this.#end);
  }

  #killAll(): void {
    const { log, stopMs } = this.#options;
    log.fatal({ stopMs }, 'HTTP loops have not ended in time: they are killed');
    this.stop('SIGKILL');
  }

  #look(): void {
    for (const loop of this.#running()) {
      loop.silentLooks += 1;
      if (loop.silentLooks >= mostSilentLooks.alive) {
        this.#options.log.error({ loop: loop.index + 1, pid: loop.pid }, 'an HTTP loop hangs: it is ended');
        loop.kill('SIGKILL');
      }
    }
    this.#tellAll();
  }

  #tellAll(): void {
    for (const loop of this.#running()) loop.tell({ kind: 'others', reasons: this.#reasonsBut(loop.index) });
    this.#options.onHealth(this.health());
  }

  #running(): readonly LoopChild[] {
    return this.#loops.filter((loop) => loop !== undefined);
  }

  /** Why the loops but one do not make the whole ready. */
  #reasonsBut(index: number): readonly HealthReason[] {
    const { count } = this.#options;
    return this.#loops.flatMap((loop, n) => {
      const name = nameOf({ index: n, count });
      return n === index ? [] : reasonOf(loop, name);
    });
  }
}
