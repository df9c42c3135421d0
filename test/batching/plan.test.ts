import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookAhead, padRows, planRun, takeRows, type Waiting } from '../../src/batching/plan.js';

interface Row extends Waiting<Row> {
  readonly id: string;
}
type Facts = Partial<Omit<Row, 'next'>> & { readonly id: string };

/** Links facts into a queue, in the order given. */
function line(...facts: readonly Facts[]): Row | undefined {
  return facts.reduceRight<Row | undefined>(
    (next, fact) => ({ group: 'a', rows: 1, dueMs: 0, deadlineMs: Infinity, signal: undefined, ...fact, next }),
    undefined,
  );
}

const at = (ms: number) => ms;
const gone = AbortSignal.abort();
const noBuckets: readonly number[] = [];
const eight = { maxRows: 8, buckets: noBuckets };

function summary(first: Row | undefined, limits = eight, nowMs = at(10)): string {
  const plan = planRun(first, limits, nowMs);
  switch (plan.kind) {
    case 'idle':
      return 'idle';
    case 'wait':
      return `wait ${plan.untilMs}`;
    case 'drop':
      return `drop ${plan.requests.map(({ id }) => id).join(' ')}`;
    case 'run':
      return `run ${plan.requests.map(({ id }) => id).join(' ')}: ${plan.rows}/${plan.rowsToRun}`;
  }
}

describe('takeRows', () => {
  const run = { kind: 'run', requests: [{ rows: 2 }, { rows: 1 }, { rows: 3 }], rows: 6, rowsToRun: 8 } as const;
  const limits = { maxRows: 8, buckets: [4, 8] };

  it('takes as few of the first requests as have the rows, and pads anew', () => {
    assert.deepEqual(takeRows(run, 3, limits), { ...run, requests: [{ rows: 2 }, { rows: 1 }], rows: 3, rowsToRun: 4 });
    assert.equal(takeRows(run, 1, limits).rows, 2);
  });

  it('takes the whole run where it has no more', () => {
    assert.equal(takeRows(run, 4, limits), run);
    assert.equal(takeRows(run, 9, limits), run);
  });
});

describe('planRun', () => {
  const cases: readonly [title: string, queue: readonly Facts[], expected: string][] = [
    ['is idle when nothing waits', [], 'idle'],
    ['runs a due request alone', [{ id: 'x' }], 'run x: 1/1'],
    ['runs requests of one group together in their order', [{ id: 'x' }, { id: 'y', rows: 3 }], 'run x y: 4/4'],
    [
      'counts rows, not requests',
      [
        { id: 'x', rows: 5 },
        { id: 'y', rows: 3 },
        { id: 'z', rows: 1 },
      ],
      'run x y: 8/8',
    ],
    [
      'never splits a request: one that does not fit stays, smaller ones behind it fill the room',
      [
        { id: 'x', rows: 5 },
        { id: 'y', rows: 4 },
        { id: 'z', rows: 3 },
      ],
      'run x z: 8/8',
    ],
    ['leaves other groups out', [{ id: 'x' }, { id: 'odd', group: 'b' }, { id: 'y' }], 'run x y: 2/2'],
    ['takes the first group first, be it the odd one', [{ id: 'odd', group: 'b' }, { id: 'x' }], 'run odd: 1/1'],
    [
      'waits for company until the oldest is due',
      [
        { id: 'x', dueMs: 15 },
        { id: 'y', dueMs: 17 },
      ],
      'wait 15',
    ],
    [
      'runs a full group while the first still waits',
      [
        { id: 'x', dueMs: 15 },
        { id: 'y', group: 'b', rows: 8, dueMs: 16 },
      ],
      'run y: 8/8',
    ],
    [
      'calls a group full when the next of it does not fit',
      [
        { id: 'x', rows: 6, dueMs: 15 },
        { id: 'y', rows: 3, dueMs: 15 },
      ],
      'run x: 6/6',
    ],
    [
      'runs a due group behind one that still waits',
      [
        { id: 'x', dueMs: 15 },
        { id: 'y', group: 'b', dueMs: 9 },
      ],
      'run y: 1/1',
    ],
    [
      'lets an older request behind the first make their group due',
      [
        { id: 'urgent', dueMs: 15 },
        { id: 'old', dueMs: 9 },
      ],
      'run urgent old: 2/2',
    ],
    [
      'drops what is past its deadline before it runs anything',
      [{ id: 'x' }, { id: 'late', deadlineMs: 10 }, { id: 'y', deadlineMs: 11 }],
      'drop late',
    ],
    ['drops what nobody waits for', [{ id: 'left', signal: gone }, { id: 'x' }], 'drop left'],
  ];
  for (const [title, queue, expected] of cases) {
    it(title, () => assert.equal(summary(line(...queue)), expected));
  }

  it('runs one request at a time, without rows, where the model has no batch dimension', () => {
    assert.equal(summary(line({ id: 'x' }, { id: 'y' }), { maxRows: 0, buckets: noBuckets }), 'run x: 1/0');
  });

  it('pads to the smallest bucket that holds the rows', () => {
    const limits = { maxRows: 8, buckets: [1, 4, 8] };
    const padded = [1, 2, 4, 5, 8].map((rows) => padRows(rows, limits));
    assert.deepEqual(padded, [1, 4, 4, 8, 8]);
  });

  it('finds the rest of a group only within the look-ahead, so that odd shapes cannot make planning slow', () => {
    const odd = Array.from({ length: lookAhead }, (_, n) => ({ id: `odd${n}`, group: `g${n}` }));
    const near = line({ id: 'x' }, ...odd.slice(2), { id: 'y' });
    const far = line({ id: 'x' }, ...odd, { id: 'y' });
    assert.deepEqual([summary(near), summary(far)], ['run x y: 2/2', 'run x: 1/1']);
  });
});
