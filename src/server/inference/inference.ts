import { devicesOf } from '../../batching/merge.js';
import type { Place } from '../../batching/sequences/types.js';
import type { InferResult, InferTimings } from '../../batching/types.js';
import { headerLengthName } from '../../protocol/v2/binary-part.js';
import { createInferResponse, wantsTokens, classesAsked, type Classifying } from '../../protocol/response.js';
import type { EncodedResponse, RequestedOutput } from '../../protocol/types.js';
import type { CheckedRequest } from '../../protocol/validate.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { Codec } from '../codec/codec.js';
import { tensorBytes, type RequestMemory } from '../memory/memory-budget.js';
import { estimateWriting, takeAnswerRoom } from '../codec/cost.js';
import { withImages } from './images.js';
import type { ModelView } from './model-view.js';

/** A request as the inference routes take it up: its model and its body, undone of its Content-Encoding. */
export interface InferenceRequest {
  readonly view: ModelView;
  readonly body: Buffer;
  /** `Inference-Header-Content-Length`; undefined: the whole body is JSON. */
  readonly headerLength: number | undefined;
  readonly signal: AbortSignal;
  /** Under what its runs are traced; undefined where no traces are sent. */
  readonly trace: object | undefined;
  /** What the request holds. */
  readonly memory: RequestMemory;
}

/** Where a request spent its time on the server, in milliseconds, and with how many rows it ran. */
export interface InferReport {
  readonly timings: InferTimings;
  /** The device that computed, where the model is on several. */
  readonly device: string | undefined;
  readonly batchRows: number;
  readonly decodeMs: number;
  readonly encodeMs: number;
}

/** Runs of one request, with what it took to read their inputs. */
export interface TimedRuns {
  readonly results: readonly InferResult[];
  readonly decodeMs: number;
}

/** Of several runs at the same time the longest of each part. */
export function reportOf({ results, decodeMs }: TimedRuns, encodeMs: number): InferReport {
  const longest = (pick: (result: InferResult) => number) => Math.max(...results.map(pick));
  const timings = {
    queueMs: longest((result) => result.timings.queueMs),
    inputMs: longest((result) => result.timings.inputMs),
    computeMs: longest((result) => result.timings.computeMs),
    outputMs: longest((result) => result.timings.outputMs),
  };
  const inWorkerMs = longest((result) => result.timings.decodeMs ?? 0);
  return {
    timings,
    device: devicesOf(results),
    batchRows: longest((result) => result.batchRows),
    decodeMs: decodeMs + inWorkerMs,
    encodeMs,
  };
}

/** `x-inference-device` and `Server-Timing`: the device that computed, the model's where it is on one alone, and where the time went, in milliseconds. */
export function reportHeaders(report: InferReport, device: string): string[] {
  const { timings, decodeMs, encodeMs, device: ranOn = device } = report;
  const computeMs = timings.inputMs + timings.computeMs + timings.outputMs;
  const parts = `queue;dur=${toThousandths(timings.queueMs)}, decode;dur=${toThousandths(decodeMs)}, compute;dur=${toThousandths(computeMs)}, encode;dur=${toThousandths(encodeMs)}`;
  return ['x-inference-device', ranOn, 'server-timing', parts];
}

const thousandths = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'));

/** Milliseconds to three places; many times faster than writing a fraction. */
function toThousandths(ms: number): string {
  const us = Math.round(ms * 1000);
  return `${Math.floor(us / 1000)}.${thousandths[us % 1000]}`;
}

/** An answer with the way it came about. */
export interface Answered {
  readonly body: Uint8Array;
  /** What follows `body`, where it lies. */
  readonly tail?: readonly Uint8Array[] | undefined;
  /** What the body is: names and values of headers in turn. */
  readonly headers: readonly string[];
  readonly report: InferReport;
}

/** Headers of a JSON body. */
export const jsonHeaders: Answered['headers'] = ['content-type', 'application/json'];

/** Answers one inference request of the Open Inference Protocol. Throws AppError. */
export async function infer(codec: Codec, call: InferenceRequest): Promise<Answered> {
  const { view, body, headerLength } = call;
  const startMs = performance.now();
  const decoding = codec.decodeInfer({ body, headerLength }, view.signature);
  const adding = withImages(codec, decoding instanceof Promise ? await decoding : decoding, view.model);
  const request = adding instanceof Promise ? await adding : adding;
  const decodeMs = performance.now() - startMs;
  call.memory.take(tensorBytes(request.inputs.values(), body));
  const { outputs, timings, device, batchRows, batchRequests } = await runChecked(request, call);
  const isOwned = batchRequests === 1;
  const ranMs = performance.now();
  const { signature: model, labelsOf } = view;
  const { version } = view.model;
  const finding = findClasses(codec, { request, model, outputs, labelsOf });
  const classes = finding instanceof Promise ? await finding : finding;
  const answer = createInferResponse({ request, model, version, outputs, classes });
  const size = estimateWriting(answer.outputs, answer.binaryOutputs);
  const room = takeAnswerRoom(call.memory, size);
  const encoding = codec.encodeInfer(answer, { isOwned, size });
  const encoded = encoding instanceof Promise ? await encoding : encoding;
  holdAnswer(call.memory, { outputs, encoded, isOwned, room });
  const report = { timings, device, batchRows, decodeMs, encodeMs: performance.now() - ranMs };
  return { body: encoded.body, tail: encoded.tail, headers: headersOf(encoded), report };
}

function headersOf({ headerLength }: EncodedResponse): Answered['headers'] {
  if (headerLength === undefined) return jsonHeaders;
  return ['content-type', 'application/octet-stream', headerLengthName, String(headerLength)];
}

/** Answers one `:predict` of the version 1 protocols. Throws AppError. */
export async function inferV1(codec: Codec, call: InferenceRequest): Promise<Answered> {
  const startMs = performance.now();
  const request = await codec.decodePredict(call.body, call.view.signature);
  const decodeMs = performance.now() - startMs;
  const checked = await withImages(codec, request, call.view.model);
  call.memory.take(tensorBytes(checked.inputs.values(), call.body));
  const { outputs, timings, device, batchRows, batchRequests } = await runChecked(checked, call);
  const isOwned = batchRequests === 1;
  const ranMs = performance.now();
  const ordered: NamedTensors = new Map(request.outputs.flatMap(({ name }) => entryOf(outputs, name)));
  const { form, instances: rows } = request;
  const nonFiniteTokens = wantsTokens(request.parameters);
  const size = estimateWriting(ordered);
  const room = takeAnswerRoom(call.memory, size);
  const encoded = await codec.encodePredict(
    { model: call.view.model.name, form, rows, outputs: ordered, nonFiniteTokens },
    { isOwned, size },
  );
  holdAnswer(call.memory, { outputs, encoded, isOwned, room });
  const report = { timings, device, batchRows, decodeMs, encodeMs: performance.now() - ranMs };
  return { body: encoded.body, headers: jsonHeaders, report };
}

/** Counts an answer until its client has it: the outputs, and what was written of them beside. */
function holdAnswer(
  memory: RequestMemory,
  of: {
    readonly outputs: NamedTensors;
    readonly encoded: EncodedResponse;
    readonly isOwned: boolean;
    /** What was counted for it before it was written. */
    readonly room: number;
  },
): void {
  const { outputs, encoded } = of;
  memory.hold(tensorBytes(outputs.values()) + encoded.body.length + bytesBeside(outputs, encoded.tail) - of.room);
  if (of.isOwned) memory.own(buffersOf(outputs));
}

/** Parts of an answer that do not lie in its outputs: texts, and what a thread took over or was given a copy of. */
function bytesBeside(outputs: NamedTensors, tail: EncodedResponse['tail'] = []): number {
  const buffers = new Set<ArrayBufferLike>(buffersOf(outputs));
  return tail.reduce((sum, { buffer, byteLength }) => (buffers.has(buffer) ? sum : sum + byteLength), 0);
}

/** What a checked request is run for. */
export interface RunningCall extends Pick<InferenceRequest, 'view' | 'signal' | 'trace'> {
  /** Its place in its sequence, where one was taken before it was read. */
  readonly place?: Place | undefined;
}

/** Runs a request that was checked against its model, with the state of its sequence where it names one. */
export function runChecked(request: CheckedRequest, running: RunningCall): Promise<InferResult> {
  const { view, signal, place, trace } = running;
  const { inputs, rows, priority, timeoutUs, isAlone, sequence } = request;
  const outputs = wantedOutputs(request.outputs, view);
  const plain = { inputs, outputs, rows, priority, queueTimeoutMs: timeoutUs / 1000, signal, trace };
  const queued = isAlone ? { ...plain, isAlone } : plain;
  const { model } = view;
  if (sequence === undefined || model.sequences === undefined) return model.infer(queued);
  return model.sequences.step({ ...sequence, place }, queued, (whole) => model.infer(whole));
}

/** Names of the outputs asked for, in the model's order; the model's own list where that is all of them. */
function wantedOutputs(asked: readonly RequestedOutput[], { outputNames }: ModelView): readonly string[] {
  if (asked.length === outputNames.length) return outputNames;
  const names = new Set(asked.map(({ name }) => name));
  return outputNames.filter((name) => names.has(name));
}

/** Memory of outputs that belong to one request alone. */
export function buffersOf(outputs: NamedTensors): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const tensor of outputs.values()) if (tensor.datatype !== 'BYTES') buffers.push(tensor.data.buffer);
  return buffers;
}

function entryOf(outputs: NamedTensors, name: string) {
  const tensor = outputs.get(name);
  return tensor === undefined ? [] : [[name, tensor] as const];
}

/** The classes of those outputs for which a request asks, found beside this thread where they are many; undefined where it asks for none. */
export function findClasses(
  codec: Codec,
  inference: Classifying & { readonly outputs: NamedTensors },
): NamedTensors | undefined | Promise<NamedTensors> {
  const asked = classesAsked(inference);
  if (asked === undefined) return undefined;
  const { model, outputs } = inference;
  const classified = new Map([...outputs].filter(([output]) => asked.some(({ name }) => name === output)));
  const found = codec.classify({ model: model.name, outputs: classified, asked });
  return found instanceof Promise ? found.then((classes) => new Map(classes)) : new Map(found);
}
