import type { HistogramData } from '../stats/histogram.js';

/** One measured window of one participant. */
export interface Sample {
  /** Inferences (rows) in it. */
  readonly inferences: number;
  readonly elapsedMs: number;
  readonly latencies: HistogramData;
  /** Answers by status; 0 stands for connections that failed. Empty where nothing crossed a connection. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly serverMs: Readonly<Record<string, number>>;
  readonly clientMs: { readonly send: number; readonly receive: number } | null;
  readonly serverCpuMs: number | null;
  readonly devices: Readonly<Record<string, number>>;
  readonly backlog: number;
}

/** Somebody who is measured in turn with others. */
export interface Participant {
  readonly name: string;
  readonly role: 'target' | 'raw' | 'bare';
  measure(): Promise<Sample>;
}

/** Whether every answer was a success and there was one. */
export function isClean({ statuses, inferences }: Sample): boolean {
  return inferences > 0 && Object.keys(statuses).every((status) => status.startsWith('2'));
}
