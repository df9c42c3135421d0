import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { counterOf, Retired, wholeMetrics, type Snapshot } from '../../../src/server/loops/answers.js';

const counted = (value: number): Snapshot => [counterOf('runs_total', 'Runs.', value)];
const gauge: Snapshot = counted(1000).map((metric) => ({ ...metric, name: 'runs_now', type: 'gauge' as const }));

const textOf = (...snapshots: readonly Snapshot[]) => wholeMetrics(() => Promise.resolve(snapshots)).expose();

describe('the metrics of several HTTP loops', () => {
  it('add up', async () => {
    assert.match(await textOf(counted(3), counted(4), counted(0)), /^runs_total 7$/m);
  });

  it('keep what a loop has counted that ended, but not what it was', async () => {
    const retired = new Retired();
    assert.deepEqual(await retired.read(), []);
    retired.add([...counted(3), ...gauge]);
    retired.add(counted(4));
    const text = await textOf(await retired.read(), counted(10));
    assert.match(text, /^runs_total 17$/m);
    assert.doesNotMatch(text, /runs_now/);
  });

  it('have what a loop counted that ends while they are read', async () => {
    const retired = new Retired();
    const reading = retired.read();
    retired.add(counted(5));
    assert.match(await textOf(await reading), /^runs_total 5$/m);
  });
});
