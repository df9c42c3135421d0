import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findBreakEven } from '../../../bench/report/break-even.js';
import { formatCsv } from '../../../bench/report/csv.js';
import { formatHtml } from '../../../bench/report/html.js';
import { formatReport } from '../../../bench/report/table.js';
import type { Row, TargetReport } from '../../../bench/types.js';
import { decide } from '../../../bench/report/verdict.js';
import { modelOf, reportOf, rowOf } from './report-rows.js';

const gpuProof = { device: 'cuda:0', evidence: 'profile', isGpu: true, isSoftware: false };
const target = 'native-cuda';

/** Rates by batch on both, each window a little apart but with the same ratio in each round. */
function batchRows(rates: Readonly<Record<number, readonly [cpu: number, gpu: number]>>): readonly Row[] {
  return Object.entries(rates).flatMap(([batch, [cpu, gpu]]) =>
    (
      [
        ['native-cpu', cpu],
        [target, gpu],
      ] as const
    ).map(([name, rate]) =>
      rowOf([rate, rate * 1.02, rate * 0.98], { scenario: 'batch', batch: Number(batch), target: name }),
    ),
  );
}

const single = (name: string, curve: readonly (readonly [rate: number, p50Ms: number])[]) =>
  curve.map(([rate, p50Ms], i) => rowOf([rate], { target: name, concurrency: i + 1, p50Ms }));

const containerTarget: TargetReport = {
  name: 'container-cpu',
  state: 'measured',
  kind: 'container',
  url: 'http://127.0.0.1:1',
  image: { ref: 'slipway:cpu', id: 'sha256:4f5601cc439bffff', digest: null },
  node: 'v22.1.0',
  threads: null,
  coldStartsMs: [912],
  coldStartParts: {},
  memory: [{ moment: 'after start', rssBytes: 118 * 2 ** 20, pssBytes: null }],
};

describe('findBreakEven', () => {
  const of = (rows: readonly Row[]) =>
    findBreakEven(
      rows.filter((row) => row.target === 'native-cpu'),
      rows.filter((row) => row.target === target),
    );

  it('finds the batch from which on the GPU is faster, and where it gains most', () => {
    const found = of(batchRows({ 1: [100, 60], 2: [150, 160], 32: [200, 1460], 64: [210, 1400] }));
    assert.ok(found !== undefined);
    assert.deepEqual([found.batch, found.best.batch], [2, 32]);
    assert.ok(Math.abs(found.best.ratio.middle - 7.3) < 1e-9);
  });

  it('counts a batch only where every larger one is faster too', () => {
    assert.equal(of(batchRows({ 1: [100, 200], 2: [100, 90], 4: [100, 300] }))?.batch, 4);
    assert.equal(of(batchRows({ 1: [100, 200], 2: [100, 90] }))?.batch, undefined);
  });

  it('finds the rate up to which the CPU answers sooner', () => {
    const cpu = single('native-cpu', [
      [10, 5],
      [40, 10],
      [60, 40],
    ]);
    const gpu = single(target, [
      [10, 12],
      [80, 12],
      [300, 14],
    ]);
    const found = of([...batchRows({ 1: [1, 1] }), ...cpu, ...gpu]);
    assert.ok(found!.rate > 38 && found!.rate < 43, `${found!.rate}`);
  });

  it('says zero where the GPU always answers sooner and Infinity where it never does', () => {
    const rows = (gpuMs: number) => [
      ...batchRows({ 1: [1, 1] }),
      ...single('native-cpu', [
        [10, 5],
        [100, 5],
      ]),
      ...single(target, [
        [10, gpuMs],
        [100, gpuMs],
      ]),
    ];
    assert.deepEqual([of(rows(1))?.rate, of(rows(50))?.rate], [0, Number.POSITIVE_INFINITY]);
  });

  it('compares nothing that had errors', () => {
    const rows = batchRows({ 1: [100, 200] }).map((row) => ({ ...row, state: 'failed' as const }));
    assert.equal(of(rows), undefined);
  });
});

describe('decide', () => {
  it('says how much faster the GPU is, from which batch and up to which rate the CPU is', () => {
    const rows = [
      ...batchRows({ 1: [100, 60], 2: [150, 160], 32: [200, 1460] }),
      ...single('native-cpu', [
        [10, 5],
        [40, 10],
        [60, 40],
      ]),
      ...single(target, [
        [10, 12],
        [80, 12],
      ]),
    ];
    const [line, ...others] = decide(reportOf(rows, { models: [modelOf({ [target]: gpuProof })] }));
    assert.match(
      line!,
      /^m \(random weights\): GPU 7\.3x faster at batch 32 \(7\.3 to 7\.3\) on native-cuda; the CPU is faster below batch 2 and answers single requests sooner up to 4\d requests\/s$/,
    );
    assert.deepEqual(others, []);
  });

  it('says to stay on the CPU where the GPU is never faster', () => {
    const rows = batchRows({ 1: [100, 50], 8: [100, 80] });
    const [line] = decide(reportOf(rows, { models: [modelOf({ [target]: gpuProof })] }));
    assert.match(line!, /stay on the CPU: native-cuda reaches 0\.80x of it at best, at batch 8/);
  });

  it('says in one line why there is no GPU, and answers the CPU part', () => {
    const lines = decide(reportOf([rowOf([50], { scenario: 'latency', concurrency: 1, p50Ms: 20 }), rowOf([100])]));
    assert.deepEqual(lines, [
      'No GPU: nvidia-smi was not found; there is no /dev/dri.',
      'm (random weights): native-cpu does 100 inferences/s at 4 clients, one client waits 20 ms (p99 40)',
    ]);
  });

  it('says what the same device does behind another target, and summarises the faster one', () => {
    const points = [
      { scenario: 'batch', batch: 1 },
      { scenario: 'batch', batch: 8 },
      { scenario: 'arrivals', concurrency: null, requestsPerSecond: 10 },
    ] as const;
    const rows = points.flatMap((point, i) => [
      rowOf([[90, 320, 10][i]!], { ...point, target: 'container-cpu' }),
      rowOf([[100, 400, 10][i]!], { ...point }),
    ]);
    const proof = modelOf().devices['native-cpu']!;
    const models = [{ ...modelOf(), devices: { 'container-cpu': proof, 'native-cpu': proof } }];
    const [, line] = decide(reportOf(rows, { models }));
    assert.equal(
      line,
      'm (random weights): native-cpu does 400 inferences/s at batch 8; container-cpu does 0.85x of that over 2 points (0.80 to 0.90)',
    );
  });

  it('never counts a software adapter as a GPU', () => {
    const software = { device: 'webgpu (software)', evidence: 'profile', isGpu: false, isSoftware: true };
    const [line] = decide(reportOf(batchRows({ 1: [1, 9] }), { models: [modelOf({ [target]: software })] }));
    assert.match(line!, /^No GPU: .* webgpu \(software\) is a software adapter and no GPU\.$/);
  });

  it('says why a GPU that is there computed nothing', () => {
    const report = reportOf([rowOf([1])], {
      targets: [{ name: target, state: 'skipped', reason: 'no provider library' }],
    });
    const gpu = { gpus: [{ name: 'H200', memoryBytes: null }], driver: '570', cuda: '12.8', evidence: [] };
    const [line] = decide({ ...report, environment: { ...report.environment, gpu } });
    assert.equal(line, 'There is a GPU (H200), but it computed nothing: native-cuda: no provider library.');
  });
});

describe('the forms of a report', () => {
  const rows = [
    rowOf([100, 101, 99]),
    rowOf([50, 60], { state: 'unstable', remarks: ['p99'], scenario: 'batch', batch: 8 }),
  ];

  it('are a table with the split, the ratios and what was unstable', () => {
    const text = formatReport(reportOf(rows, { targets: [containerTarget] }));
    const image = 'container-cpu: image slipway:cpu (4f5601cc439b); Node v22.1.0; start to first answer 0.91 s';
    assert.ok(text.includes(`${image}; memory 118 MB (PSS unknown) after start`), text);
    assert.match(text, /concurrency 4 +native-cpu +100 +\d+% +10\.0 +20\.0 +0\.10\/0\.05\/1\.00\/0\.05/);
    assert.match(text, /batch 8 .* unstable: p99/);
    assert.match(text, /random weights/);
  });

  it('are CSV with the columns and units of perf_analyzer', () => {
    const [heading, first, second] = formatCsv(reportOf(rows)).split('\r\n');
    assert.equal(
      heading,
      'Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,Server Compute Infer,Server Compute Output,Client Recv,p50 latency,p90 latency,p95 latency,p99 latency,Model,Target,Batch Size,State',
    );
    assert.equal(first, '4,100,10,8770,100,50,1000,50,20,10000,15000,18000,20000,m,native-cpu,1,steady');
    assert.match(second!, /,8,unstable$/);
  });

  it('are one page that asks for nothing from elsewhere and escapes names', () => {
    const model = { ...modelOf({ [target]: gpuProof }), name: 'm', inputs: '<script>alert(1)</script>' };
    const page = formatHtml(reportOf(batchRows({ 1: [100, 60], 2: [150, 160], 32: [200, 1460] }), { models: [model] }));
    assert.doesNotMatch(page, /<script|src=|href=|@import|url\(/);
    assert.match(page, /GPU faster from batch 2 on/);
    assert.match(page, /Throughput by batch/);
  });
});
