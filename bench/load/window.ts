import { Histogram } from '../stats/histogram.js';
import type { WindowResult } from './messages.js';
import type { Answer } from './connection.js';
import { findHeader, parseServerTiming } from './response-parser.js';

/** Collects the answers of one window. */
export class Window {
  readonly #latencies = new Histogram();
  readonly #statuses: Record<number, number> = {};
  readonly #devices: Record<string, number> = {};
  readonly #serverSums: Record<string, number> = {};
  #completed = 0;
  #timed = 0;
  #sendMs = 0;
  #receiveMs = 0;

  /** Counts an answer; a latency counts only where it was a success. */
  answered(facts: Answer, latencyMs: number): void {
    this.#statuses[facts.status] = (this.#statuses[facts.status] ?? 0) + 1;
    if (facts.status < 200 || facts.status > 299) return;
    this.#completed++;
    this.#latencies.record(latencyMs);
    this.#sendMs += facts.sendMs;
    this.#receiveMs += facts.receiveMs;
    const device = findHeader(facts.headers, 'x-inference-device');
    if (device !== undefined) this.#devices[device] = (this.#devices[device] ?? 0) + 1;
    const timing = findHeader(facts.headers, 'server-timing');
    if (timing !== undefined) this.#addTiming(timing);
  }

  /** Counts a request without an answer. */
  failed(): void {
    this.#statuses[0] = (this.#statuses[0] ?? 0) + 1;
  }

  finish(elapsedMs: number, backlog: number): WindowResult {
    const means = Object.entries(this.#serverSums).map(([name, sum]) => [name, sum / this.#timed] as const);
    return {
      latencies: this.#latencies.toData(),
      elapsedMs,
      completed: this.#completed,
      statuses: this.#statuses,
      clientMs: { send: this.#sendMs / this.#completed, receive: this.#receiveMs / this.#completed },
      serverMs: Object.fromEntries(means),
      devices: this.#devices,
      backlog,
    };
  }

  #addTiming(header: string): void {
    this.#timed++;
    for (const [name, ms] of Object.entries(parseServerTiming(header))) {
      this.#serverSums[name] = (this.#serverSums[name] ?? 0) + ms;
    }
  }
}
