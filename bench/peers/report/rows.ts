import { summarise, type Series } from '../../measure/interleave.js';
import { figure } from '../../report/table.js';
import { median } from '../../stats/spread.js';
import type { PeerRow, RoundFigures } from '../types.js';
import type { WrkFigures } from '../hosts/wrk.js';

/** Under which load a row was measured. */
export interface RowPlace {
  readonly work: string;
  readonly clients: number;
  /** The rounds of wrk; empty where it did not take part. */
  readonly wrk: readonly WrkFigures[];
}

/** What came of one server under one load: medians of the rounds that count. */
export function toPeerRow({ name, counted, state, remarks }: Series, { work, clients, wrk }: RowPlace): PeerRow {
  const rounds = counted.map(({ round, sample }): RoundFigures => {
    const { throughput, p50, p99 } = summarise(sample);
    return { round, rate: throughput, p50Ms: p50, p99Ms: p99, cpuMs: sample.serverCpuMs };
  });
  const middle = (pick: (round: RoundFigures) => number) => median(rounds.map(pick));
  const cpu = rounds.flatMap(({ cpuMs }) => (cpuMs === null ? [] : [cpuMs]));
  return {
    work,
    clients,
    server: name,
    state,
    remarks,
    rate: middle(({ rate }) => rate),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    cpuMs: cpu.length === 0 ? null : median(cpu),
    rounds,
    wrk:
      wrk.length === 0
        ? null
        : { rate: median(wrk.map(({ rate }) => rate)), p50Ms: median(wrk.map(({ p50Ms }) => p50Ms)) },
  };
}

/** `tensor, 8 clients: fastapi 240/s, p50 33.1 ms, 7.02 ms of CPU`. */
export function describeRow({ work, clients, server, rate, p50Ms, cpuMs, state, remarks, wrk }: PeerRow): string {
  const parts = [`${figure(rate)}/s`, `p50 ${figure(p50Ms)} ms`];
  if (cpuMs !== null) parts.push(`${figure(cpuMs)} ms of CPU`);
  if (wrk !== null) parts.push(`by wrk ${figure(wrk.rate)}/s`);
  if (state !== 'steady') parts.push(`${state}: ${remarks.join(', ')}`);
  return `${work}, ${clients} ${clients === 1 ? 'client' : 'clients'}: ${server} ${parts.join(', ')}`;
}
