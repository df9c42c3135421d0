import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Tensor } from '../../src/tensor/tensor.js';
import { compareProviders, judgeBatch, judgeProvider } from '../../src/validate/findings.js';
import type { Outcome, TrialResult } from '../../src/validate/trial.js';

const floats = (shape: readonly number[], ...values: readonly number[]): Tensor => ({
  datatype: 'FP32',
  shape,
  data: Float32Array.from(values),
});
const out = (tensor: Tensor): Outcome => ({ outputs: new Map([['Y', tensor]]) });
const result = (outcomes: readonly Outcome[], nodes: Readonly<Record<string, number>> = {}): TrialResult => ({
  placement: { device: 'cuda:0', nodes, evidence: 'profile' },
  loadMs: 12.4,
  outcomes,
});
const runs = ['plain', 'zero', 'together'].map((label) => ({ label, feeds: new Map() }));
const single = [out(floats([1, 2], 1, -2)), out(floats([1, 2], 0, 3e30))];

describe('what a trial of a model came to', () => {
  it('names nodes that are left to the CPU', () => {
    const texts = (nodes: Readonly<Record<string, number>>) =>
      judgeProvider({ provider: 'cuda', result: result([], nodes) }, []).map(({ level, text }) => `${level} ${text}`);
    assert.ok(
      texts({ CUDAExecutionProvider: 97, CPUExecutionProvider: 3 }).includes(
        'note cuda: 3 of 100 nodes fall back to the CPU',
      ),
    );
    assert.ok(texts({ CUDAExecutionProvider: 5 }).includes('ok cuda: 0 of 5 nodes fall back to the CPU'));
    assert.ok(texts({}).includes('note cuda: where nodes run could not be counted'));
  });

  it('fails a provider that computes something else than the CPU, and names the run', () => {
    const reference = result([...single, { problem: 'x' }]);
    const trial = (outcomes: readonly Outcome[]) =>
      compareProviders({ provider: 'cuda', result: result(outcomes) }, reference, runs);
    assert.deepEqual(trial(single), [{ level: 'ok', text: 'cuda: gives the same results as the CPU' }]);
    const other = [single[0]!, out(floats([1, 2], 0, -3e30))];
    assert.deepEqual(trial(other), [{ level: 'fail', text: 'cuda: differs from the CPU for zero (Y)' }]);
    assert.equal(trial([out(floats([2, 1], 1, -2))])[0]?.level, 'fail');
  });

  it('compares each row of a batch with that row alone', () => {
    const judge = (together: Outcome) => judgeBatch({ provider: 'cpu', result: result([...single, together]) });
    assert.equal(judge(out(floats([2, 2], 1, -2, 0, 3e30)))?.level, 'ok');
    assert.match(
      judge(out(floats([2, 2], 1, -2, 1e30, 3e30)))?.text ?? '',
      /row 2 of 2 gives a different Y together than alone/,
    );
    assert.match(judge(out(floats([1, 4], 1, -2, 0, 3e30)))?.text ?? '', /output Y of 2 rows has shape \[1,4\]/);
    assert.equal(judge({ problem: 'too large' }), undefined);
  });

  it('tells a process that ended from a run that failed', () => {
    assert.deepEqual(judgeProvider({ provider: 'cpu', problem: 'the model ended its process (SIGSEGV)' }, runs), [
      { level: 'fail', text: 'cpu: the model ended its process (SIGSEGV)' },
    ]);
    const failed = judgeProvider({ provider: 'cpu', result: result([single[0]!, { problem: 'no such index' }]) }, runs);
    assert.deepEqual(
      failed.map(({ level }) => level),
      ['fail', 'fail'],
    );
    assert.match(failed[1]?.text ?? '', /^cpu: zero: no such index$/);
  });
});
