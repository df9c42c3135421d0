import { drawOnBlack } from '../../image/drawing/frame.js';
import type { Pixels } from '../../image/preprocess.js';
import { AppError } from '../../errors.js';
import { hidePaths } from '../describe/private-paths.js';
import type { Log } from '../log/log.js';
import { showSource, type StreamSetting } from '../settings/streams.js';
import { reasonOf, type MjpegLimits } from './mjpeg.js';
import { drawAnswer, drawLines, type DrawnAnswer } from './overlay.js';
import { FrameRate } from './rate.js';
import { readSource, silenceMs } from './sources.js';
import { pause, type Timers } from './timers.js';

/** Who sees a stream. */
export interface Watcher {
  /** Whether it still may. */
  readonly isAllowed: () => boolean;
  /** Whether it took the frame; it does not where it has not taken the one before. */
  readonly take: (jpeg: Buffer) => boolean;
  readonly end: () => void;
}

/** What a stream needs. */
export interface StreamDeps {
  readonly timers: Timers;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly limits: MjpegLimits;
  /** Runs a frame through the stream's model, and answers it as a JPEG on which `overlay` has drawn what the model said. */
  readonly show: (setting: StreamSetting, frame: Buffer, overlay: Overlay) => Promise<Buffer>;
}

/** How a model's answer is drawn on the frame that it is about. */
export type Overlay = (answer: DrawnAnswer) => (pixels: Pixels) => void;

/** `idle`: nobody watches, and the source is closed. `waiting`: for a frame, or until the source is tried again. */
export type StreamState = 'idle' | 'connecting' | 'live' | 'waiting';

/** What became of frames since the server started. */
export interface FrameCounts {
  /** Received while somebody watched. */
  readonly frames: number;
  readonly answered: number;
  /** Replaced by a newer one before the model was free. */
  readonly dropped: number;
  /** Damaged, or refused by the model, its queue or the memory of requests. */
  readonly failed: number;
  /** Not sent to a watcher who had not taken the one before; counted for each watcher. */
  readonly missed: number;
}

/** What is measured of a stream. */
export interface StreamFigures {
  readonly stream: string;
  readonly model: string;
  readonly counts: FrameCounts;
  readonly watchers: number;
  /** Whether frames come. */
  readonly isLive: boolean;
}

const mostWatchers = 64;
/** How long a source is kept for a watcher that comes back. */
const lingerMs = 5000;
const [firstRetryMs, lastRetryMs] = [1000, 30_000];
/** How long a watcher may take nothing. */
const stuckMs = 60_000;
const black = { width: 640, height: 360 };

/**
 * One source shown through one model.
 * - The source is open while somebody watches, and is opened again, ever more slowly, when it dies.
 * - A frame is run once for all watchers. Those that come meanwhile replace each other: at most one waits.
 * - Watchers that are behind miss frames. Where there are none, they are shown why.
 */
export class Stream {
  readonly #setting: StreamSetting;
  readonly #deps: StreamDeps;
  readonly #watchers = new Map<Watcher, number>();
  /** Of the frames since the source was open last. */
  #rate = new FrameRate();
  readonly #counts = { frames: 0, answered: 0, dropped: 0, failed: 0, missed: 0 };
  #state: StreamState = 'idle';
  #reason: string | undefined;
  #latencyMs = 0;
  /** Why frames get no answer, as the log was told. */
  #failing: string | undefined;
  #answer: DrawnAnswer | undefined;
  /** What was shown last. */
  #last: Buffer | undefined;
  #pending: { readonly frame: Buffer; readonly atMs: number } | undefined;
  #work: Promise<void> | undefined;
  #source: { readonly abort: AbortController; readonly ended: Promise<void> } | undefined;
  /** Of the sources that were closed. */
  #ended: Promise<unknown> = Promise.resolve();
  #cancelLinger: () => void = () => undefined;
  #cancelSilence: () => void = () => undefined;
  #isStopped = false;

  constructor(setting: StreamSetting, deps: StreamDeps) {
    this.#setting = setting;
    this.#deps = deps;
  }

  get name(): string {
    return this.#setting.name;
  }

  /** Throws QUEUE_FULL where there is no room for a watcher. */
  checkRoom(): void {
    if (this.#isStopped) throw new AppError('SHUTTING_DOWN', 'The server is shutting down.');
    if (this.#watchers.size >= mostWatchers) {
      throw new AppError('QUEUE_FULL', `The stream '${this.name}' has ${mostWatchers} watchers, the maximum.`);
    }
  }

  /** Adds a watcher, who is shown what was seen last, until what is answered is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.set(watcher, this.#deps.timers.now());
    if (this.#last !== undefined) watcher.take(this.#last);
    this.#cancelLinger();
    this.#open();
    return () => this.#leave(watcher);
  }

  /** A frame that a program posts; dropped where nobody watches. Answers how many do. */
  post(frame: Buffer): number {
    const { source } = this.#setting;
    if (source.kind !== 'post') {
      const text = `The stream '${this.name}' takes its frames from ${showSource(source)}. For frames that are posted: --stream ${this.name}=post`;
      throw new AppError('INVALID_INPUT', text);
    }
    this.#take(frame);
    return this.#watchers.size;
  }

  /** What people are told of it. */
  describe(): object {
    const { name, model, source } = this.#setting;
    return {
      name,
      model,
      source: showSource(source),
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      watchers: this.#watchers.size,
      frames_per_second: round(this.#state === 'live' ? this.#rate.at(this.#deps.timers.now()) : 0),
      latency_ms: round(this.#latencyMs),
      ...this.#counts,
      ...(this.#answer === undefined ? {} : { answer: this.#answer }),
    };
  }

  /** What is measured of it now. */
  figures(): StreamFigures {
    const { name: stream, model } = this.#setting;
    return { stream, model, counts: this.#counts, watchers: this.#watchers.size, isLive: this.#state === 'live' };
  }

  /** Ends the source and every watcher. Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const watcher of this.#watchers.keys()) watcher.end();
    this.#watchers.clear();
    await this.#close();
    await this.#work;
  }

  #leave(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return;
    this.#cancelLinger = this.#deps.timers.after(lingerMs, () => void this.#close());
  }

  #open(): void {
    const { source } = this.#setting;
    if (this.#source !== undefined) return;
    const abort = new AbortController();
    if (source.kind === 'post') this.#tell('waiting', 'waiting for the first frame to be posted');
    const ended = source.kind === 'post' ? Promise.resolve() : this.#follow(source, abort.signal);
    this.#source = { abort, ended };
  }

  async #close(): Promise<void> {
    this.#cancelLinger();
    this.#cancelSilence();
    const source = this.#source;
    this.#source = undefined;
    source?.abort.abort();
    [this.#pending, this.#last, this.#answer] = [undefined, undefined, undefined];
    [this.#state, this.#reason, this.#latencyMs, this.#rate] = ['idle', undefined, 0, new FrameRate()];
    this.#ended = Promise.all([this.#ended, source?.ended]);
    await this.#ended;
  }

  /** Reads the source again and again. */
  async #follow(source: Parameters<typeof readSource>[0], signal: AbortSignal): Promise<void> {
    const { timers, env, limits, log } = this.#deps;
    let failures = 0;
    const isOver = (): boolean => signal.aborted;
    const onFrame = (frame: Buffer): void => {
      if (isOver()) return;
      failures = 0;
      this.#take(frame);
    };
    while (!isOver()) {
      this.#tell('connecting', `connecting to ${showSource(source)}`);
      const reason = await readSource(source, { limits, timers, env, signal, onFrame }).catch(reasonOf);
      if (isOver()) return;
      const waitMs = Math.min(firstRetryMs * 2 ** failures, lastRetryMs);
      failures += 1;
      log.warn({ stream: this.name, reason, retryInMs: waitMs }, 'a stream has lost its source');
      this.#tell('waiting', `${reason}; next try in ${waitMs / 1000} s`);
      await pause(timers, waitMs, signal);
    }
  }

  #take(frame: Buffer): void {
    if (this.#watchers.size === 0 || this.#source === undefined) return;
    const { timers } = this.#deps;
    [this.#state, this.#reason] = ['live', undefined];
    if (this.#setting.source.kind === 'post') {
      this.#cancelSilence();
      this.#cancelSilence = timers.after(silenceMs, () =>
        this.#tell('waiting', `no frame was posted for ${silenceMs / 1000} s`),
      );
    }
    this.#counts.frames += 1;
    if (this.#pending !== undefined) this.#counts.dropped += 1;
    this.#pending = { frame, atMs: timers.now() };
    this.#work ??= this.#run().finally(() => (this.#work = undefined));
  }

  /** Runs the newest frame until there is none. */
  async #run(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { frame, atMs } = next;
      try {
        this.#send(await this.#deps.show(this.#setting, frame, (answer) => this.#overlay(answer, atMs)));
        this.#counts.answered += 1;
        this.#logFailing(undefined);
      } catch (thrown) {
        this.#counts.failed += 1;
        this.#reason = hidePaths(reasonOf(thrown));
        this.#logFailing(this.#reason);
        await this.#showText([this.name, this.#reason]);
      }
    }
  }

  /** Notes the answer to the frame that came then; what it answers draws it. */
  #overlay(answer: DrawnAnswer, atMs: number): (pixels: Pixels) => void {
    const now = this.#deps.timers.now();
    this.#latencyMs = now - atMs;
    this.#rate.add(now);
    this.#answer = answer;
    const status = `${this.#rate.at(now).toFixed(1)} FPS  ${this.#latencyMs.toFixed(0)} MS  ${this.#counts.dropped} DROPPED`;
    return (pixels) => drawAnswer(pixels, answer, status);
  }

  /** Tells the log when frames begin to fail, when for another reason, and when they are answered again; not of each. */
  #logFailing(reason: string | undefined): void {
    if (reason === this.#failing) return;
    this.#failing = reason;
    const { log } = this.#deps;
    if (reason === undefined) log.info({ stream: this.name }, 'frames of a stream are answered again');
    else log.warn({ stream: this.name, reason }, 'frames of a stream get no answer');
  }

  #next(): { readonly frame: Buffer; readonly atMs: number } | undefined {
    const next = this.#pending;
    this.#pending = undefined;
    return next;
  }

  /** A state without frames, shown to who watches. */
  #tell(state: StreamState, reason: string): void {
    [this.#state, this.#reason, this.#answer, this.#rate] = [state, reason, undefined, new FrameRate()];
    void this.#showText([this.name, reason]);
  }

  async #showText(lines: readonly string[]): Promise<void> {
    const wrapped = lines.flatMap((line) => line.match(/.{1,48}(?:\s|$)|.{48}/g) ?? []);
    try {
      this.#send(await drawOnBlack(black.width, black.height, (pixels) => drawLines(pixels, wrapped)));
    } catch (err) {
      this.#deps.log.warn({ err, stream: this.name }, 'a stream could not draw its state');
    }
  }

  #send(jpeg: Buffer): void {
    if (this.#source === undefined) return;
    const now = this.#deps.timers.now();
    this.#last = jpeg;
    for (const [watcher, tookMs] of this.#watchers) {
      if (!watcher.isAllowed()) this.#end(watcher);
      else if (watcher.take(jpeg)) this.#watchers.set(watcher, now);
      else {
        this.#counts.missed += 1;
        if (now - tookMs > stuckMs) this.#end(watcher);
      }
    }
  }

  #end(watcher: Watcher): void {
    watcher.end();
    this.#leave(watcher);
  }
}

const round = (value: number): number => Math.round(value * 10) / 10;
