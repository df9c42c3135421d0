import type { Place } from '../../batching/sequences/types.js';
import type { InferAnswer, InferCall } from '../../grpc/host.js';
import { decodeInferMessage } from '../../protocol/grpc/decode-request.js';
import { createInferResponse } from '../../protocol/response.js';
import type { Codec } from '../codec/codec.js';
import type { Dataplane } from '../dataplane.js';
import { tensorBytes } from '../memory/memory-budget.js';
import { buffersOf, reportHeaders, runChecked, type InferReport, findClasses } from '../inference/inference.js';
import { viewOf } from '../inference/model-view.js';
import { withImages } from '../inference/images.js';

/** What a message of gRPC is answered with. */
export interface MessageDeps {
  readonly dataplane: Dataplane;
  readonly codec: Codec;
}

/** Answers one ModelInferRequest. Rejects with AppErrors. */
export async function inferMessage({ dataplane, codec }: MessageDeps, call: InferCall): Promise<InferAnswer> {
  const startMs = performance.now();
  const { model: name, version, sequenceId, looseBytes } = call.head;
  const model = dataplane.model(name, version === '' ? undefined : version);
  call.record.inference.model = model;
  const ticket = model.admission.enter(call.body.length);
  // Messages of a stream come in order, and may take turns while they are read.
  const place = sequenceId === undefined ? undefined : model.sequences?.reserve(sequenceId);
  let answer: InferAnswer | undefined;
  try {
    answer = await run({ call, view: viewOf(model), looseBytes, startMs, place }, codec.of(call.signal));
  } finally {
    place?.leave(false);
    model.admission.leave(ticket, answer !== undefined);
  }
  return answer;
}

/** A message whose model is known, and when reading it began. */
interface Run {
  readonly call: InferCall;
  readonly view: ReturnType<typeof viewOf>;
  readonly looseBytes: number;
  readonly startMs: number;
  readonly place: Place | undefined;
}

async function run({ call, view, looseBytes, startMs, place }: Run, codec: Codec): Promise<InferAnswer> {
  const { body, memory, signal, record } = call;
  const { signature, labelsOf, model } = view;
  const decoding = codec.decodeMessage(body, signature, looseBytes);
  const decoded = decoding === undefined ? decodeInferMessage(body, signature) : await decoding;
  const adding = withImages(codec, decoded, model);
  const request = adding instanceof Promise ? await adding : adding;
  const decodeMs = performance.now() - startMs;
  memory.take(tensorBytes(request.inputs.values(), body));
  const running = { view, signal, place, trace: record.trace };
  const { outputs, timings, device: ranOn, batchRows, batchRequests } = await runChecked(request, running);
  const finding = findClasses(codec, { request, model: signature, outputs, labelsOf });
  const classes = finding instanceof Promise ? await finding : finding;
  const { version } = model;
  const response = createInferResponse({ request, model: signature, version, outputs, classes });
  memory.hold(tensorBytes(outputs.values()));
  if (batchRequests === 1) memory.own(buffersOf(outputs));
  const report: InferReport = { timings, device: ranOn, batchRows, decodeMs, encodeMs: 0 };
  record.inference.report = report;
  const [, device = '', , timing = ''] = reportHeaders(report, model.placement.device);
  return {
    response,
    headers: { 'x-inference-device': device, 'server-timing': timing },
    onEncoded: (encodeMs) => (record.inference.report = { ...report, encodeMs }),
  };
}
