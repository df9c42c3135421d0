import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseProofArguments } from '../../bench/gpu-proof/arguments.js';
import { askProcess, askTwo, turnsOfTwo } from '../../bench/gpu-proof/ask-process.js';
import { formatProof } from '../../bench/gpu-proof/page.js';
import { planSteps } from '../../bench/gpu-proof/plan.js';
import { stepKinds, type ProofReport, type Step, type StepOutcome } from '../../bench/gpu-proof/types.js';

const step: Step = {
  name: 'parity: absent',
  kind: 'parity',
  provider: 'cpu',
  modelPath: '/nowhere/absent.onnx',
  batches: [1],
  variable: 1,
  windowMs: 1,
};

describe('the proof for a GPU host', () => {
  it('asks for cuda unless another provider is named, and refuses what it does not know', () => {
    assert.deepEqual(parseProofArguments(['--gpu-proof', '--out', 'x']), {
      out: 'x',
      provider: 'cuda',
      isSmall: false,
      isTf32Allowed: false,
      models: [],
      kinds: stepKinds,
    });
    const named = parseProofArguments([
      '--out',
      'x',
      '--model',
      'a.onnx',
      '--model',
      'b.onnx',
      '--steps',
      'parity, speed',
    ]);
    assert.deepEqual(
      [named.models, named.kinds],
      [
        ['a.onnx', 'b.onnx'],
        ['parity', 'speed'],
      ],
    );
    assert.throws(
      () => parseProofArguments(['--out', 'x', '--steps', 'parity,size']),
      /--steps size: expected some of provider/,
    );
    assert.throws(() => parseProofArguments(['--gpu-proof']), /--out is missing: a folder/);
    assert.throws(
      () => parseProofArguments(['--out', 'x', '--execution-provider', 'gpu']),
      /gpu: expected one of cuda/,
    );
  });

  it('measures 1 to 64 rows on the provider and on the CPU, the provider itself first', () => {
    const steps = planSteps({
      provider: 'cuda',
      models: [{ name: 'm', path: '/m.onnx' }],
      isSmall: false,
      kinds: stepKinds,
    });
    assert.equal(steps[0]?.kind, 'provider');
    const speeds = steps.filter(({ kind }) => kind === 'speed').map(({ provider, batches }) => [provider, batches]);
    const batches = [1, 2, 4, 8, 16, 32, 64];
    assert.deepEqual(speeds, [
      ['cuda', batches],
      ['cpu', batches],
    ]);
  });

  it('records a step that fails with its reason', async () => {
    const outcome = await askProcess(step, 60_000);
    assert.equal(outcome.state, 'broken');
    assert.match(outcome.reason, /absent\.onnx/);
  });

  it('measures one worker and two in turn, after a run that is not counted, so that warming up favours neither', async () => {
    // A device that gets faster with every run that ends: 10, 20, 30 ... rows a second, which two workers divide.
    let [ended, asked, together] = [0, 0, 0];
    const ask = async (): Promise<StepOutcome> => {
      asked += 1;
      together += 1;
      await Promise.resolve();
      const rowsPerSecond = ((ended + 1) * 10) / together;
      await Promise.resolve();
      together -= 1;
      if (together === 0) ended += 1;
      return { state: 'passed', rows: [{ rowsPerSecond }] };
    };
    const outcome = await askTwo({ ...step, kind: 'two workers', batches: [4] }, 1000, ask);
    assert.deepEqual([asked, ended], [7, turnsOfTwo]);
    assert.deepEqual(outcome, { state: 'passed', rows: [{ rows: 4, aloneRate: 35, togetherRate: 35, share: 1 }] });
  });

  it('says in its page what is missing, and escapes what it quotes', () => {
    const outcome = { state: 'broken', reason: '<no answer>' } as const;
    const report: ProofReport = {
      format: 'slipway-gpu-proof/1',
      startedAt: '2026',
      provider: 'cuda',
      isComplete: false,
      tolerances: '',
      isTf32Allowed: false,
      environment: {},
      steps: [{ step: 'parity', kind: 'parity', provider: 'cuda', seconds: 1, outcome }],
    };
    assert.match(formatProof(report), /Not finished\. 0 of 1 steps passed on cuda.*&#60;no answer/s);
  });

  it('runs whole on the CPU, every model in every step, and writes JSON and a page', async (context) => {
    const out = await mkdtemp(join(tmpdir(), 'slipway-gpu-proof-'));
    context.after(() => rm(out, { recursive: true, force: true }));
    const args = [
      'dist/bench/gpu-proof/main.js',
      '--gpu-proof',
      '--out',
      out,
      '--execution-provider',
      'cpu',
      '--small',
    ];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const report = JSON.parse(readFileSync(join(out, 'gpu-proof.json'), 'utf8')) as ProofReport;
    assert.ok(report.isComplete);
    const bundled = readdirSync('models').filter((name) => existsSync(join('models', name, '1', 'model.onnx')));
    const proven = report.steps
      .filter(({ kind }) => kind === 'parity')
      .map(({ step }) => step.slice('parity: '.length));
    assert.deepEqual(proven, [...bundled, 'random-perceptron', 'random-perceptron-fp16']);
    // The provider by itself, and speed on both devices.
    assert.equal(report.steps.length, 1 + stepKinds.length * proven.length);
    const parity = report.steps.find((done) => done.step === 'parity: digits')?.outcome;
    assert.ok(parity?.state === 'passed' && parity.rows.every(({ largestDifference }) => largestDifference === 0));
    assert.ok(existsSync(join(out, 'gpu-proof.html')));
  });
});
