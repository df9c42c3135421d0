import type { Registry } from 'prom-client';
import type { ModelMeter, ModelMeters, Distribution } from './model-meter.js';
import { histogramSamples, register, type Sample } from './exposition.js';

const histograms: readonly (readonly [name: string, help: string, pick: (meter: ModelMeter) => Distribution])[] = [
  ['slipway_request_duration_seconds', 'From the complete request to its written answer.', (meter) => meter.duration],
  ['slipway_decode_duration_seconds', 'Reading a request into tensors, images included.', (meter) => meter.decode],
  ['slipway_queue_duration_seconds', 'Waiting for other rows and for a free worker.', (meter) => meter.queue],
  [
    'slipway_compute_duration_seconds',
    'In the worker: inputs put together, the run, outputs taken out.',
    (meter) => meter.compute,
  ],
  ['slipway_encode_duration_seconds', 'Writing tensors into an answer.', (meter) => meter.encode],
  ['slipway_batch_rows', 'Rows of the run that served a request, without padding.', (meter) => meter.batchRows],
];

/** Requests by model, version and status, and where they spent their time. */
export function registerRequestMetrics(registry: Registry, meters: ModelMeters): void {
  register(registry, {
    name: 'slipway_requests_total',
    help: 'Inference requests by model, version and HTTP status.',
    type: 'counter',
    read: () => countSamples(meters),
  });
  for (const [name, help, pick] of histograms) {
    const read = () => [...meters.entries()].filter(([labels]) => labels.model !== '');
    register(registry, {
      name,
      help,
      type: 'histogram',
      read: () => read().flatMap(([labels, meter]) => [...histogramSamples(labels, pick(meter))]),
    });
  }
}

function* countSamples(meters: ModelMeters): Generator<Sample> {
  for (const [labels, { requests }] of meters.entries()) {
    for (const [status, value] of requests.http) yield { labels: { ...labels, status }, value };
    for (const [status, value] of requests.grpc) yield { labels: { ...labels, status, transport: 'grpc' }, value };
  }
}
