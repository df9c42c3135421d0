import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Registry } from 'prom-client';
import type { CrashRecord } from '../../src/repository/crashes/crash-store.js';
import { registerCrashMetrics } from '../../src/server/metrics/model-loads.js';

it('crashes of models of one name in several repositories are one sample', async () => {
  const record = (given: Pick<CrashRecord, 'model' | 'state'> & Partial<CrashRecord>): CrashRecord => ({
    ...{ crashes: 1, faults: 0, place: '', print: '', reason: 'it ended', atMs: 0 },
    ...given,
  });
  const registry = new Registry();
  registerCrashMetrics(registry, () => [
    record({ model: 'team/sums/1', state: 'suspect' }),
    record({ model: 'team/sums/1', state: 'suspect', crashes: 2, faults: 3 }),
    record({ model: 'team/sums/1', state: 'proven' }),
    record({ model: 'team/sums/2', state: 'suspect' }),
  ]);
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('slipway_model_crashes{'));
  assert.deepEqual(lines, [
    'slipway_model_crashes{model="team/sums",version="1",state="suspect"} 6',
    'slipway_model_crashes{model="team/sums",version="1",state="proven"} 1',
    'slipway_model_crashes{model="team/sums",version="2",state="suspect"} 1',
  ]);
});
