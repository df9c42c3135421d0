import { Histogram } from '../stats/histogram.js';
import type { WindowResult } from './messages.js';
import type { Answer } from './connection.js';
import { findHeader, parseServerTiming } from './response-parser.js';

/** Headers are kept of each of a window's first answers, then of every so many-th. */
const keptWhole = 1024;
const keptEvery = 13;

/**
 * Collects the answers of one window. Headers are read when the window is over: what the client does between two requests is time that
 * a server on the same machine does not get, and five microseconds of cold code made a small model's latency a tenth longer.
 */
export class Window {
  readonly #latencies = new Histogram();
  readonly #statuses: Record<number, number> = {};
  readonly #heads: string[] = [];
  #completed = 0;
  #sendMs = 0;
  #receiveMs = 0;

  /** Counts an answer; a latency counts only where it was a success. */
  answered({ response: { status, headers }, sendMs, receiveMs }: Answer, latencyMs: number): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (status < 200 || status > 299) return;
    this.#completed++;
    this.#latencies.record(latencyMs);
    this.#sendMs += sendMs;
    this.#receiveMs += receiveMs;
    if (this.#completed <= keptWhole || this.#completed % keptEvery === 0) this.#heads.push(headers);
  }

  /** Counts a request without an answer. */
  failed(): void {
    this.#statuses[0] = (this.#statuses[0] ?? 0) + 1;
  }

  finish(elapsedMs: number, backlog: number): WindowResult {
    return {
      latencies: this.#latencies.toData(),
      elapsedMs,
      completed: this.#completed,
      statuses: this.#statuses,
      clientMs: { send: this.#sendMs / this.#completed, receive: this.#receiveMs / this.#completed },
      serverMs: meanTimings(this.#heads),
      devices: countDevices(this.#heads),
      backlog,
    };
  }
}

/** Mean of each duration, over the answers that have any. */
function meanTimings(heads: readonly string[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  const timings = heads.map((head) => findHeader(head, 'server-timing')).filter((timing) => timing !== undefined);
  for (const [name, ms] of timings.flatMap((timing) => Object.entries(parseServerTiming(timing)))) {
    sums[name] = (sums[name] ?? 0) + ms;
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / timings.length]));
}

function countDevices(heads: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const head of heads) {
    const device = findHeader(head, 'x-inference-device');
    if (device !== undefined) counts[device] = (counts[device] ?? 0) + 1;
  }
  return counts;
}
