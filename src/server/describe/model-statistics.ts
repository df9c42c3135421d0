import type { DurationStatistic, ServableModel, StatisticsSnapshot } from '../../repository/types.js';

/** One entry of `model_stats` (extension "statistics"); nothing is cached, so both cache figures stay 0. */
export function describeStatistics({ name, version, statistics }: ServableModel): object {
  const snapshot = statistics.snapshot();
  return {
    name,
    version,
    last_inference: snapshot.lastInferenceMs,
    inference_count: snapshot.inferenceCount,
    execution_count: snapshot.executionCount,
    inference_stats: inferenceStatistics(snapshot),
    response_stats: {},
    batch_stats: snapshot.batches.map((batch) => ({
      batch_size: batch.batchSize,
      compute_input: duration(batch.computeInput),
      compute_infer: duration(batch.computeInfer),
      compute_output: duration(batch.computeOutput),
    })),
    memory_usage: [],
  };
}

function inferenceStatistics(snapshot: StatisticsSnapshot): object {
  return {
    success: duration(snapshot.success),
    fail: duration(snapshot.fail),
    queue: duration(snapshot.queue),
    compute_input: duration(snapshot.computeInput),
    compute_infer: duration(snapshot.computeInfer),
    compute_output: duration(snapshot.computeOutput),
    cache_hit: { count: 0, ns: 0 },
    cache_miss: { count: 0, ns: 0 },
  };
}

const duration = ({ count, ns }: DurationStatistic): object => ({ count, ns: Math.round(ns) });
