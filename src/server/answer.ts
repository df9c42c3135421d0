import { chooseCoding, encodeBody, type Coding } from './content-encoding.js';
import type { Exchange, FlatHeaders } from './exchange.js';
import type { InferReport } from './inference.js';

/** An inference answer on its way out. */
export interface Answer {
  readonly body: Uint8Array;
  readonly headers: FlatHeaders;
  /** Bodies of at least this size are compressed for clients that accept it; -1: none. */
  readonly compressFromBytes: number;
}

/** `x-inference-device` and `Server-Timing`: the device that computed, and where the time went, in milliseconds. */
export function reportHeaders(report: InferReport, device: string): string[] {
  const { timings, decodeMs, encodeMs } = report;
  const computeMs = timings.inputMs + timings.computeMs + timings.outputMs;
  const parts = `queue;dur=${micros(timings.queueMs)}, decode;dur=${micros(decodeMs)}, compute;dur=${micros(computeMs)}, encode;dur=${micros(encodeMs)}`;
  return ['x-inference-device', device, 'server-timing', parts];
}

/** Milliseconds to three places; several times faster than toFixed. */
const micros = (ms: number): number => Math.round(ms * 1000) / 1000;

/** Sends an answer, compressed where the client accepts it and the answer is large enough; at once where it is not. */
export function sendAnswer(exchange: Exchange, { body, headers, compressFromBytes }: Answer): void | Promise<void> {
  const accepted = exchange.header('accept-encoding');
  if (accepted === undefined || compressFromBytes < 0 || body.length < compressFromBytes) {
    exchange.send(200, body, headers);
    return;
  }
  const coding = chooseCoding(accepted);
  if (coding !== undefined) return sendCompressed(exchange, { body, headers, coding });
  exchange.send(200, body, [...headers, 'vary', 'accept-encoding']);
}

interface Compressible {
  readonly body: Uint8Array;
  readonly headers: FlatHeaders;
  readonly coding: Coding;
}

async function sendCompressed(exchange: Exchange, { body, headers, coding }: Compressible): Promise<void> {
  const compressed = await encodeBody(body, coding);
  exchange.send(200, compressed, [...headers, 'content-encoding', coding, 'vary', 'accept-encoding']);
}
