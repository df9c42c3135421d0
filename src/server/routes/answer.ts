import { chooseCoding, encodeBody, type Coding } from '../http/body/content-encoding.js';
import type { Exchange, FlatHeaders } from '../http/exchange.js';
import type { InferReport } from '../inference/inference.js';

/** An inference answer on its way out. */
export interface Answer {
  readonly body: Uint8Array;
  readonly tail?: readonly Uint8Array[] | undefined;
  readonly headers: FlatHeaders;
  /** Bodies of at least this size are compressed for clients that accept it; -1: none. */
  readonly compressFromBytes: number;
}

/** `x-inference-device` and `Server-Timing`: the device that computed, the model's where it is on one alone, and where the time went, in milliseconds. */
export function reportHeaders(report: InferReport, device: string): string[] {
  const { timings, decodeMs, encodeMs, device: ranOn = device } = report;
  const computeMs = timings.inputMs + timings.computeMs + timings.outputMs;
  const parts = `queue;dur=${toThousandths(timings.queueMs)}, decode;dur=${toThousandths(decodeMs)}, compute;dur=${toThousandths(computeMs)}, encode;dur=${toThousandths(encodeMs)}`;
  return ['x-inference-device', ranOn, 'server-timing', parts];
}

const thousandths = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'));

/** Milliseconds to three places; many times faster than writing a fraction. */
function toThousandths(ms: number): string {
  const us = Math.round(ms * 1000);
  return `${Math.floor(us / 1000)}.${thousandths[us % 1000]}`;
}

/** Sends an answer, compressed where the client accepts it and the answer is large enough; at once where it is not. */
export function sendAnswer(exchange: Exchange, answer: Answer): void | Promise<void> {
  const { body, tail = [], headers, compressFromBytes } = answer;
  const parts = tail.length === 0 ? body : [body, ...tail];
  const accepted = exchange.header('accept-encoding');
  const bytes = tail.reduce((sum, part) => sum + part.length, body.length);
  if (accepted === undefined || compressFromBytes < 0 || bytes < compressFromBytes) {
    exchange.send(200, parts, headers);
    return;
  }
  const coding = chooseCoding(accepted);
  if (coding !== undefined) return sendCompressed(exchange, answer, coding);
  exchange.send(200, parts, [...headers, 'vary', 'accept-encoding']);
}

async function sendCompressed(exchange: Exchange, { body, tail, headers }: Answer, coding: Coding): Promise<void> {
  const compressed = await encodeBody(tail === undefined ? body : Buffer.concat([body, ...tail]), coding);
  exchange.send(200, compressed, [...headers, 'content-encoding', coding, 'vary', 'accept-encoding']);
}
