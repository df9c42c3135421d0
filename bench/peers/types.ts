import type { Environment, Method } from '../types.js';
import type { Interval } from '../stats/spread.js';

/** What a comparison with other servers found; the JSON file is this. */
export interface PeersReport {
  readonly format: 'slipway-peers/1';
  readonly startedAt: string;
  readonly durationS: number;
  readonly method: Pick<Method, 'mode' | 'windowMs' | 'warmupMs' | 'minRounds' | 'maxRounds' | 'tolerance'>;
  readonly environment: Environment;
  readonly threads: number;
  readonly works: readonly ReportedWork[];
  readonly servers: readonly ServerReport[];
  /** Workloads that were left out, with the reason. */
  readonly left: readonly string[];
  readonly rows: readonly PeerRow[];
  readonly verdicts: readonly Verdict[];
}

/** What servers were compared at: a workload, or a real model beside its raw loop. */
export interface ReportedWork {
  readonly name: string;
  readonly title: string;
  readonly clients: readonly number[];
}

/** One server under one workload: what it answers, or why it was not measured. */
export type ServerReport = { readonly name: string; readonly work: string } & (
  | { readonly state: 'measured'; readonly versions: readonly string[]; readonly answers: string }
  | { readonly state: 'skipped'; readonly reason: string }
);

/** One server under one load. */
export interface PeerRow {
  readonly work: string;
  readonly clients: number;
  readonly server: string;
  readonly state: 'steady' | 'unstable' | 'failed';
  readonly remarks: readonly string[];
  /** Median of the rounds: answers a second, and milliseconds. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of all of the server's processes a request, of the raw loop a run; null where /proc does not say. */
  readonly cpuMs: number | null;
  readonly rounds: readonly RoundFigures[];
  /** The same load by wrk; null where it is not there or does not take part. */
  readonly wrk: { readonly rate: number; readonly p50Ms: number } | null;
}

/** What one round showed; servers take turns in it, so that figures of the same round are compared. */
export interface RoundFigures {
  readonly round: number;
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number | null;
}

/** A target with what was reached. */
export interface Verdict {
  readonly work: string;
  readonly clients: number;
  readonly figure: FigureName;
  readonly over: string;
  /** Least or most that the ratio ours / theirs, or the difference, has to be. */
  readonly target: number;
  readonly isAtLeast: boolean;
  /** The ratio in the same rounds; null where one of the two was not measured. */
  readonly reached: Interval | null;
  readonly isMet: boolean | null;
}

/** `cpuBeyondUs`: microseconds of CPU a request more than the other takes; the others are ratios. */
export type FigureName = 'rate' | 'p50Ms' | 'cpuMs' | 'cpuBeyondUs';
