import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sumStatistics } from '../../../src/server/loop/sum-statistics.js';

const statsOf = (name: string, success: number, batches: readonly (readonly [size: number, runs: number])[]) => ({
  name,
  version: '1',
  last_inference: success * 1000,
  inference_count: success * 2,
  inference_stats: { success: { count: success, ns: success * 10 }, fail: { count: 0, ns: 0 } },
  response_stats: {},
  batch_stats: batches.map(([batch_size, count]) => ({ batch_size, compute_infer: { count, ns: count * 7 } })),
});

describe('the statistics of several HTTP loops', () => {
  it('add counts and durations by model and by batch size, and keep the latest time', () => {
    const answers = [
      { model_stats: [statsOf('a', 3, [[1, 3]]), statsOf('b', 1, [])] },
      {
        model_stats: [
          statsOf('a', 5, [
            [1, 1],
            [4, 2],
          ]),
        ],
      },
      { model_stats: [statsOf('a', 2, [[4, 1]])] },
    ];
    const { model_stats: models } = sumStatistics(answers) as { model_stats: readonly object[] };
    assert.deepEqual(models, [
      {
        ...statsOf('a', 10, [
          [1, 4],
          [4, 3],
        ]),
        last_inference: 5000,
      },
      statsOf('b', 1, []),
    ]);
  });

  it('are those of one where one answers', () => {
    const one = { model_stats: [statsOf('a', 3, [[2, 3]])] };
    assert.deepEqual(sumStatistics([one]), one);
  });
});
