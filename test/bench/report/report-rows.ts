import type { ModelReport, Report, Row } from '../../../bench/types.js';
import { defaultMethod } from '../../../bench/settings.js';
import { Histogram } from '../../../bench/stats/histogram.js';
import { intervalOf } from '../../../bench/stats/spread.js';

/** A row whose windows have the rates given. */
export function rowOf(rates: readonly number[], more: Partial<Row> = {}): Row {
  const rate = rates.reduce((sum, value) => sum + value, 0) / rates.length;
  const p50Ms = more.p50Ms ?? 1000 / rate;
  return {
    model: 'm',
    target: 'native-cpu',
    role: 'target',
    scenario: 'concurrency',
    form: 'binary',
    batch: 1,
    concurrency: 4,
    requestsPerSecond: null,
    state: 'steady',
    remarks: [],
    statuses: { 200: 10 },
    windows: rates.map((value, round) => ({ round, rate: value, p50Ms, p99Ms: p50Ms * 2, isCounted: true })),
    rate,
    rateInterval: intervalOf(rates),
    p50Ms,
    p90Ms: p50Ms * 1.5,
    p95Ms: p50Ms * 1.8,
    p99Ms: p50Ms * 2,
    meanMs: p50Ms,
    maxMs: p50Ms * 3,
    histogram: new Histogram().toData(),
    serverMs: { queue: 0.1, decode: 0.05, compute: 1, encode: 0.05 },
    clientMs: { send: 0.01, receive: 0.02 },
    serverCpuMs: 1.2,
    devices: { cpu: 10 },
    ratios: { toRaw: null, toBare: null, toYardstick: null },
    ...more,
  };
}

const cpuProof = { device: 'cpu', evidence: 'only-provider', isGpu: false, isSoftware: false };

/** A model that a CPU target serves, and others with what they prove. */
export function modelOf(devices: ModelReport['devices'] = {}): ModelReport {
  return {
    name: 'm',
    bytes: 1000,
    sha256: 'a'.repeat(64),
    weights: 'random',
    inputs: 'x FP32[-1,4]',
    outputs: 'y FP32[-1,2]',
    maxBatchRows: 32,
    left: [],
    devices: { 'native-cpu': cpuProof, ...devices },
  };
}

/** A whole report of one model. */
export function reportOf(rows: readonly Row[], more: Partial<Report> = {}): Report {
  return {
    format: 'slipway-bench/1',
    startedAt: '2026-01-01T00:00:00.000Z',
    durationS: 12,
    method: defaultMethod,
    environment: {
      host: 'here',
      os: 'Linux',
      cpu: '2 x Chip',
      governor: null,
      cpuBudget: { cpus: 2, source: '2 online' },
      memoryBytes: 2 ** 34,
      loadAverageBefore: [0.1, 0.2, 0.3],
      loadAverageAfter: [1, 1, 1],
      node: 'v20.9.0',
      onnxRuntime: '1.30.0',
      commit: 'abc',
      gpu: { gpus: [], driver: null, cuda: null, evidence: ['nvidia-smi was not found', 'there is no /dev/dri'] },
    },
    targets: [],
    models: [modelOf()],
    rows,
    verdict: [],
    ...more,
  };
}
