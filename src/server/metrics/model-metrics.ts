import type { Registry } from 'prom-client';
import type { DurationStatistic, ServableModel, StatisticsSnapshot } from '../../repository/types.js';
import { register } from './exposition.js';

type Figure = (snapshot: StatisticsSnapshot, model: ServableModel) => number;
type Row = readonly [name: string, type: 'counter' | 'gauge', help: string, figure: Figure];

const us = (ns: number) => Math.round(ns / 1000);

/** The names that dashboards for Triton know, then ours. */
const rows: readonly Row[] = [
  ['nv_inference_request_success', 'counter', 'Successful requests.', ({ success }) => success.count],
  ['nv_inference_request_failure', 'counter', 'Failed requests.', ({ fail }) => fail.count],
  ['nv_inference_count', 'counter', 'Rows inferred.', ({ inferenceCount }) => inferenceCount],
  ['nv_inference_exec_count', 'counter', 'Runs of the model.', ({ executionCount }) => executionCount],
  ['nv_inference_pending_request_count', 'gauge', 'Rows waiting now.', (_, { queuedRows }) => queuedRows],
  [
    'nv_inference_request_duration_us',
    'counter',
    'Total time of successful requests in microseconds.',
    ({ success }) => us(success.ns),
  ],
  ['nv_inference_queue_duration_us', 'counter', 'Total waiting time in microseconds.', ({ queue }) => us(queue.ns)],
  [
    'nv_inference_compute_input_duration_us',
    'counter',
    'Putting inputs together.',
    ({ computeInput }) => us(computeInput.ns),
  ],
  [
    'nv_inference_compute_infer_duration_us',
    'counter',
    'Running the model.',
    ({ computeInfer }) => us(computeInfer.ns),
  ],
  [
    'nv_inference_compute_output_duration_us',
    'counter',
    'Taking outputs out.',
    ({ computeOutput }) => us(computeOutput.ns),
  ],
  ['slipway_queue_rows', 'gauge', 'Rows waiting now.', (_, { queuedRows }) => queuedRows],
  [
    'slipway_batching_turned_off_total',
    'counter',
    'Times that batching was turned off while serving.',
    ({ sharing }) => sharing.turnedOff,
  ],
  [
    'slipway_batching_repeated_runs_total',
    'counter',
    'Shared runs that failed, repeated request by request.',
    ({ sharing }) => sharing.repeatedRuns,
  ],
  [
    'slipway_batching_checked_runs_total',
    'counter',
    'Shared runs whose answers were computed again alone.',
    ({ sharing }) => sharing.checkedRuns,
  ],
  [
    'slipway_batching_differing_runs_total',
    'counter',
    'Checked runs in which an answer differed from the same request alone.',
    ({ sharing }) => sharing.differingRuns,
  ],
  [
    'slipway_queue_seconds',
    'gauge',
    'Expected time to answer the requests in progress.',
    (_, { admission }) => admission.waitMs / 1000,
  ],
  [
    'slipway_requests_refused_total',
    'counter',
    'Requests refused before they were read, since those before them would take too long.',
    (_, { admission }) => admission.refusals,
  ],
  ['slipway_model_instances', 'gauge', 'Workers that hold the model.', (_, { instances }) => instances],
];

/** Of models whose state the server keeps. */
const sequenceRows: readonly Row[] = [
  [
    'slipway_sequences_active',
    'gauge',
    'Sequences whose state is kept now.',
    (_, { sequences }) => sequences?.active ?? 0,
  ],
  ['slipway_sequence_state_bytes', 'gauge', 'Memory of that state.', (_, { sequences }) => sequences?.bytes ?? 0],
  ['slipway_sequences_started_total', 'counter', 'Sequences started.', ({ sequences }) => sequences.started],
  [
    'slipway_sequences_restarted_total',
    'counter',
    'Sequences started again while they ran.',
    ({ sequences }) => sequences.restarted,
  ],
  ['slipway_sequences_ended_total', 'counter', 'Sequences ended by their clients.', ({ sequences }) => sequences.ended],
  [
    'slipway_sequences_expired_total',
    'counter',
    'Sequences ended because no request came in time.',
    ({ sequences }) => sequences.expired,
  ],
  [
    'slipway_sequences_dropped_total',
    'counter',
    'Sequences whose model was unloaded or loaded again.',
    ({ sequences }) => sequences.dropped,
  ],
  [
    'slipway_sequences_refused_total',
    'counter',
    'Sequences refused because the maximum was active.',
    ({ sequences }) => sequences.refused,
  ],
];

const deviceRows: readonly (readonly [name: string, help: string, figure: (runs: DurationStatistic) => number])[] = [
  ['slipway_model_device_runs_total', 'Runs of the model on each device.', ({ count }) => count],
  ['slipway_model_device_seconds_total', 'Time that runs of the model took on each device.', ({ ns }) => ns / 1e9],
];

/** Cumulative statistics of every ready model version, and where it runs. */
export function registerModelMetrics(registry: Registry, models: () => readonly ServableModel[]): void {
  registerRows(registry, rows, models);
  registerRows(registry, sequenceRows, () => models().filter(({ sequences }) => sequences !== undefined));
  register(registry, {
    name: 'slipway_model_info',
    type: 'gauge',
    help: 'Ready model versions with the device that was measured to compute them.',
    aggregator: 'max',
    read: () =>
      models().flatMap(({ name, version, devices }) =>
        devices.map((device) => ({ labels: { model: name, version, device }, value: 1 })),
      ),
  });
  for (const [name, help, figure] of deviceRows) {
    const read = () =>
      models().flatMap(({ name: model, version, statistics }) =>
        statistics.snapshot().devices.map(({ device, runs }) => ({
          labels: { model, version, device },
          value: figure(runs),
        })),
      );
    register(registry, { name, type: 'counter', help, read });
  }
}

function registerRows(registry: Registry, all: readonly Row[], models: () => readonly ServableModel[]): void {
  for (const [name, type, help, figure] of all) {
    const read = () =>
      models().map((model) => ({
        labels: { model: model.name, version: model.version },
        value: figure(model.statistics.snapshot(), model),
      }));
    register(registry, { name, type, help, read });
  }
}
