import { runRealModels } from './real-models/run.js';
import { startLoadGenerator } from '../load/load.js';
import { readLoadAverage } from '../environment/environment.js';
import type { Method } from '../types.js';
import { measureWork } from './measure-work.js';
import { stageModel } from './models.js';
import type { Compared, Measuring, PeersOptions } from './options.js';
import { startServers } from './hosts/servers.js';
import type { PeersReport } from './types.js';
import { judgeTargets, ours } from './report/verdict.js';
import { workloadOf, type WorkName } from '../workloads.js';
import { hasWrk } from './hosts/wrk.js';

/** Short windows, to see that everything works; and the run whose figures count. */
const methods: Readonly<Record<Method['mode'], Omit<Method, 'mode'>>> = {
  quick: { settleMs: 3000, windowMs: 400, warmupMs: 100, minRounds: 3, maxRounds: 3, tolerance: 0.1, limitS: 600 },
  default: { settleMs: 8000, windowMs: 1000, warmupMs: 200, minRounds: 4, maxRounds: 6, tolerance: 0.1, limitS: 3600 },
};

/** Compares this project's server with others and with the runtime alone: the workloads beside peers, then real models. */
export async function runPeers(options: PeersOptions): Promise<PeersReport> {
  const { mode, environment, threads } = options;
  const startedMs = performance.now();
  const method = { mode, ...methods[mode] };
  const wrkRounds = mode === 'default' && (await hasWrk()) ? 3 : 0;
  const load = startLoadGenerator();
  const parts: Compared[] = [];
  try {
    for (const name of options.works) parts.push(await runWork(name, options, { load, method, wrkRounds }));
    if (options.realModels.length > 0) {
      parts.push(await runRealModels(options.realModels, options, { load, method, wrkRounds }));
    }
  } finally {
    await load.close();
  }
  const rows = parts.flatMap((part) => part.rows);
  return {
    format: 'slipway-peers/1',
    startedAt: options.startedAt.toISOString(),
    durationS: (performance.now() - startedMs) / 1000,
    method,
    environment: { ...environment, onnxRuntime: options.runtime, loadAverageAfter: readLoadAverage() },
    threads,
    works: parts.flatMap((part) => part.works),
    servers: parts.flatMap((part) => part.servers),
    left: parts.flatMap((part) => part.left),
    rows,
    verdicts: judgeTargets(rows),
  };
}

async function runWork(name: WorkName, options: PeersOptions, measuring: Measuring): Promise<Compared> {
  const workload = workloadOf(name);
  const staged = await stageModel(workload, options);
  if (typeof staged === 'string') {
    options.narrate(`${name} is left out: ${staged}`);
    return { works: [], rows: [], servers: [], left: [`${name}: ${staged}`] };
  }
  const { contestants, reports } = await startServers(workload, staged, options);
  try {
    if (!contestants.some((contestant) => contestant.name === ours)) {
      return { works: [], rows: [], servers: reports, left: [`${name}: this project's own server did not start`] };
    }
    const { threads, folder, signal, narrate } = options;
    const raw = name === 'image' ? undefined : { modelPath: staged.modelPath };
    const run = { workload, raw, contestants, threads, folder, signal, narrate };
    const rows = await measureWork({ ...run, ...measuring });
    const { title, clients } = workload;
    return { works: [{ name, title, clients }], rows, servers: reports, left: [] };
  } finally {
    await Promise.all(contestants.map(({ server }) => server.stop()));
  }
}
