import type { NamedTensors } from '../../src/tensor/tensor.js';
import { startRawLoop, type RawLoop } from '../baselines/raw-loop.js';
import type { LoadGenerator } from '../load/load.js';
import { measureInTurn } from '../measure/interleave.js';
import { measureRaw, measureServer, type PointLoad } from '../measure/participants.js';
import type { Point } from '../load/points.js';
import type { Participant } from '../measure/sample.js';
import { settle, type Settling } from '../measure/settle.js';
import type { Method } from '../types.js';
import { readTreeCpuSeconds } from './hosts/process-cpu.js';
import { describeRow, toPeerRow } from './report/rows.js';
import type { Contestant } from './hosts/servers.js';
import type { PeerRow, ReportedWork } from './types.js';
import { rawLoop } from './report/verdict.js';
import type { Workload } from '../workloads.js';
import { runWrk, type WrkFigures } from './hosts/wrk.js';

/** What the servers of one workload are measured with. */
export interface WorkRun {
  readonly workload: ReportedWork & Pick<Workload, 'warmClients' | 'warmAnswers'>;
  /** The model's file for a raw loop beside the servers; absent where requests hold more than the loop would do. */
  readonly raw: { readonly modelPath: string; readonly feeds?: NamedTensors } | undefined;
  readonly contestants: readonly Contestant[];
  readonly threads: number;
  readonly load: LoadGenerator;
  readonly method: Method;
  /** Rounds of wrk; 0: none. */
  readonly wrkRounds: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly narrate: (line: string) => void;
}

/** Measures all servers of a workload in turn, at each number of clients. */
export async function measureWork(run: WorkRun): Promise<readonly PeerRow[]> {
  const { workload, signal, narrate } = run;
  const raw = await startRaw(run);
  try {
    const warm = participantsOf(run, undefined, workload.warmClients);
    const { seconds, restless } = await settle(warm, settlingOf(run), { signal, now: () => performance.now() });
    const end = restless.length === 0 ? 'all steady' : `${restless.join(', ')} not steady yet`;
    narrate(`${workload.title}: warmed up for ${seconds.toFixed(1)} s, ${end}`);
    const rows: PeerRow[] = [];
    for (const clients of workload.clients) rows.push(...(await measureClients(run, raw, clients)));
    return rows;
  } finally {
    await raw?.close();
  }
}

/** Thousands of answers from each of several servers, which may take milliseconds each, take longer than for throughput to come to rest. */
const mostWarmMs = 90_000;

function settlingOf({ method, workload: { warmAnswers } }: WorkRun): Settling {
  if (method.mode === 'quick' || warmAnswers === 0) return method;
  return { ...method, leastAnswers: warmAnswers, settleMs: mostWarmMs };
}

async function startRaw({ raw, threads }: WorkRun): Promise<RawLoop | undefined> {
  if (raw === undefined) return undefined;
  const place = { modelPath: raw.modelPath, logId: 'raw', provider: 'cpu', deviceId: 0 } as const;
  return startRawLoop({ spec: { ...place, strict: false, intraOpThreads: 1, optimised: false }, threads });
}

async function measureClients(run: WorkRun, raw: RawLoop | undefined, clients: number): Promise<readonly PeerRow[]> {
  const { workload, narrate, method, signal } = run;
  const all = await measureInTurn(participantsOf(run, raw, clients), method, signal);
  const seconds = await measureByWrk(run, clients);
  const rows = all.map((series) =>
    toPeerRow(series, { work: workload.name, clients, wrk: seconds.get(series.name) ?? [] }),
  );
  for (const row of rows) narrate(`  ${describeRow(row)}`);
  return rows;
}

function participantsOf(run: WorkRun, raw: RawLoop | undefined, clients: number): readonly Participant[] {
  const { contestants, method, load, signal, threads } = run;
  const point: Point = {
    scenario: 'concurrency',
    form: 'binary',
    batch: 1,
    arrivals: { kind: 'closed', concurrency: clients },
  };
  const contextOf = (payloads: PointLoad['payloads']): PointLoad => ({ point, payloads, load, timing: method, signal });
  const feeds = run.raw?.feeds;
  const options = { threads, variable: 1, ...(feeds === undefined ? {} : { feeds }) };
  const others = raw === undefined ? [] : [{ ...measureRaw(raw, options, contextOf([])), name: rawLoop }];
  return [
    ...contestants.map(({ name, server, payloads }) =>
      measureServer(
        { name, origin: server.origin, readCpuSeconds: () => readTreeCpuSeconds(server.pid) },
        contextOf(payloads),
      ),
    ),
    ...others,
  ];
}

/** The same load by wrk, servers in turn as well. */
async function measureByWrk(run: WorkRun, clients: number): Promise<ReadonlyMap<string, readonly WrkFigures[]>> {
  const { contestants, folder, signal, narrate } = run;
  const figures = new Map<string, WrkFigures[]>();
  for (let round = 0; round < run.wrkRounds; round++) {
    for (const { name, server, payloads } of contestants) {
      signal.throwIfAborted();
      const [payload] = payloads;
      if (payload === undefined) continue;
      const found = await runWrk(server.origin, payload, { clients, folder, signal }).catch((error: unknown) => {
        signal.throwIfAborted();
        narrate(`  wrk on ${name}: ${String(error)}`);
        return undefined;
      });
      if (found !== undefined) figures.set(name, [...(figures.get(name) ?? []), found]);
    }
  }
  return figures;
}
