import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainIdleGpu, type Launched } from '../../src/launch/outcome.js';

const launched: Launched = { name: 'slipway-gpu', variant: 'gpu', isReused: false, gpuPath: 'cdi', devices: ['cpu'] };

describe('what is said of a server that is ready', () => {
  it('names a GPU that it was given and does not compute on, and where to look', () => {
    assert.match(
      explainIdleGpu(launched) ?? '',
      /given a GPU by cdi, but computes on cpu: launch logs slipway-gpu .*doctor/,
    );
  });

  it('says nothing where a GPU computes, none was given, or the server did not tell', () => {
    const cpu: Launched = { name: 'slipway-cpu', variant: 'cpu', isReused: false, devices: ['cpu'] };
    for (const other of [{ ...launched, devices: ['cpu', 'cuda:0'] }, { ...launched, devices: [] }, cpu]) {
      assert.equal(explainIdleGpu(other), undefined);
    }
  });
});
