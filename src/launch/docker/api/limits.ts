import { setTimeout as sleep } from 'node:timers/promises';
import type { DockerEndpoint } from '../address/endpoint.js';
import { toHang, toSilence } from '../faults.js';
import type { Call } from './transport.js';

/** How long an engine is waited for. */
export interface Limits {
  /** For the answer to a question. */
  readonly limitMs: number;
  /** How often it is asked whether it lives, while an action takes its time. */
  readonly pingEveryMs: number;
  /** How often it may say that it lives before an action counts as hung. */
  readonly mostPings: number;
}

/** An action has ten minutes: engines that copy every layer need them to create a container of a large image. */
export const usualLimits: Limits = { limitMs: 30_000, pingEveryMs: 30_000, mostPings: 20 };

const ping: Call = { method: 'GET', path: '/_ping', subject: { action: 'ask the engine', kind: 'engine' } };

type Send = (call: Call) => Promise<unknown>;

/** Sends calls to an engine, and gives up those that it leaves unanswered: it hangs then, and would hold a command up for ever. */
export class Patience {
  readonly #endpoint: DockerEndpoint;
  readonly #limits: Limits;

  constructor(endpoint: DockerEndpoint, limits: Limits) {
    this.#endpoint = endpoint;
    this.#limits = limits;
  }

  /** A question, which an engine answers from what it knows. */
  async ask(call: Call, send: Send): Promise<unknown> {
    const { limitMs } = this.#limits;
    const limit = AbortSignal.timeout(limitMs);
    try {
      return await send({ ...call, signal: joined(call.signal, limit) });
    } catch (thrown) {
      throw limit.aborted && call.signal?.aborted !== true ? toSilence(limitMs, call.subject, this.#endpoint) : thrown;
    }
  }

  /** Something that takes its time: it goes on for as long as the engine answers `ping` beside it, an action at most `mostPings` times. */
  async await(call: Call, sendPing: Send, send: Send): Promise<unknown> {
    if (call.isEndless === true) return send(call);
    const [answered, given] = [new AbortController(), new AbortController()];
    let hang: Error | undefined;
    void this.#watch(call, sendPing, answered.signal).then((error) => {
      hang = error;
      if (error !== undefined) given.abort();
    });
    try {
      return await send({ ...call, signal: joined(call.signal, given.signal) });
    } catch (thrown) {
      throw hang !== undefined && call.signal?.aborted !== true ? hang : thrown;
    } finally {
      answered.abort();
    }
  }

  /** Why the engine is not waited for any longer; undefined once it has answered. */
  async #watch({ subject, isSlow }: Call, send: Send, answered: AbortSignal): Promise<Error | undefined> {
    const { limitMs, pingEveryMs, mostPings } = this.#limits;
    const pause = (): Promise<boolean> => sleep(pingEveryMs, true, { ref: false, signal: answered }).catch(() => false);
    for (let pings = 0; await pause(); pings += 1) {
      if (pings === mostPings && isSlow !== true) return toHang(pings * pingEveryMs, subject, this.#endpoint);
      const limit = AbortSignal.timeout(limitMs);
      // One that refuses to answer this answers.
      await send({ ...ping, signal: joined(answered, limit) }).catch(() => undefined);
      if (limit.aborted && !answered.aborted) return toSilence(limitMs, subject, this.#endpoint);
    }
    return undefined;
  }
}

function joined(given: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return given === undefined ? own : AbortSignal.any([given, own]);
}
