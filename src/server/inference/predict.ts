import { AppError } from '../../errors.js';
import { wantsTokens } from '../../protocol/response.js';
import type { CheckedRequest } from '../../protocol/validate.js';
import { omitUndefined } from '../../omit-undefined.js';
import { keepRows } from '../../tensor/rows.js';
import type { BytesElement, NamedTensors } from '../../tensor/tensor.js';
import { isUndecoded } from '../../workers/runner.js';
import type { Codec } from '../codec/codec.js';
import { buffersOf, jsonHeaders, reportOf, runChecked, type Answered } from './inference.js';
import { tensorBytes, type RequestMemory } from '../memory/memory-budget.js';
import { estimateWriting, takeAnswerRoom, type JsonSize } from '../codec/cost.js';
import type { ModelView } from './model-view.js';
import { detectionOutputs, frameOf } from './tasks/detections.js';
import {
  checkPreview,
  fixedImages,
  joinPreviews,
  previewBytes,
  writePreviews,
  findFiles,
  readImages,
  type ReadImages,
} from './images.js';
import { writeTask, type TaskRuns } from './tasks/task-answer.js';
import { copyMask, runTexts } from './tasks/text-runs.js';
import { readPredictionBody } from './prediction-body.js';
import type { PredictionInput } from '../codec/prediction-request.js';
import { checkOptions, type PredictionOptions } from '../codec/prediction-options.js';

/** One `POST /predictions/{model}`. */
export interface PredictCall {
  readonly view: ModelView;
  readonly body: Buffer;
  readonly contentType: string | undefined;
  /** Of the query, before the body's own and the model's. */
  readonly asked: PredictionOptions;
  /** Answer the model's outputs too. */
  readonly withOutputs: boolean;
  readonly signal: AbortSignal;
  /** Under what its runs are traced; undefined where no traces are sent. */
  readonly trace: object | undefined;
  /** What the request holds. */
  readonly memory: RequestMemory;
}

/** The results of an answer's runs, with what it took to read their inputs. */
interface Ran extends TaskRuns {
  readonly decodeMs: number;
  readonly previews?: readonly Uint8Array[];
}

/** Images, texts or tensors in, labels, boxes or vectors out. Throws AppError. */
export async function predict(codec: Codec, call: PredictCall): Promise<Answered & { readonly body: Buffer }> {
  const startMs = performance.now();
  const { body: sent, contentType, view } = call;
  const takesText = view.model.config.text !== undefined;
  const input = await readPredictionBody(codec, { body: sent, contentType, signature: view.signature, takesText });
  const asked = { ...input.asked, ...call.asked };
  checkOptions(asked, view.model);
  const withPreviews = asked.preview === 1;
  if (withPreviews) checkPreview(input, view.model);
  const ran = await runInput(codec, input, { call, startMs, withPreviews });
  const ranMs = performance.now();
  for (const { outputs, batchRequests } of ran.results) {
    call.memory.hold(tensorBytes(outputs.values()));
    if (batchRequests === 1) call.memory.own(buffersOf(outputs));
  }
  const written = answersOutputs(call)
    ? ran.results.map(({ outputs }) => ({ outputs, size: estimateWriting(outputs) }))
    : undefined;
  const room = written?.reduce((sum, { size }) => sum + takeAnswerRoom(call.memory, size), 0) ?? 0;
  const body = await writeAnswer(codec, call, { input, ran, asked, written });
  call.memory.hold(body.length - room);
  return { body, headers: jsonHeaders, report: reportOf(ran, performance.now() - ranMs) };
}

interface Started {
  readonly call: PredictCall;
  readonly startMs: number;
  readonly withPreviews: boolean;
}

function runInput(codec: Codec, input: PredictionInput, started: Started): Promise<Ran> {
  switch (input.kind) {
    case 'images':
      return runImageFiles(codec, input.images, started);
    case 'texts':
      return runTexts(codec, input.texts, {
        ...started.call,
        startMs: started.startMs,
        outputs: outputsFor(started.call),
        isInOrder: answersOutputs(started.call),
      });
    case 'tensors':
      return runTensors(codec, input.request, started);
  }
}

/** As many images a run as the model takes rows, or as its file fixes; all runs wait for workers at the same time. */
async function runImageFiles(codec: Codec, images: readonly BytesElement[], started: Started): Promise<Ran> {
  const { view } = started.call;
  const { withPreviews } = started;
  const { model, signature } = view;
  const other = signature.inputs.find(({ name }) => signature.imageInputs?.has(name) === false);
  if (other !== undefined) {
    const text = `Model '${model.name}' needs input '${other.name}' beside its image: send JSON with "inputs", the image as BYTES.`;
    throw new AppError('INVALID_INPUT', text);
  }
  const rows = fixedImages(model);
  const size = rows ?? Math.max(1, view.batching.maxRows);
  const chunks = Array.from({ length: Math.ceil(images.length / size) }, (_, n) =>
    images.slice(n * size, (n + 1) * size),
  );
  // Workers that decode files themselves hand back no pixels.
  const files = withPreviews ? undefined : findFiles(chunks, { model, mostPixels: codec.mostPixels });
  try {
    if (files !== undefined) return await runImages(files, started);
  } catch (error) {
    if (!isUndecoded(error)) throw error;
  }
  const read = await Promise.all(
    chunks.map((chunk) => readImages(codec, chunk, { model, withPreviews, ...omitUndefined({ rows }) })),
  );
  return runImages(read, started);
}

async function runImages(read: readonly ReadImages[], { call, startMs }: Started): Promise<Ran> {
  const { view, signal, trace } = call;
  const { model, signature } = view;
  const decodeMs = performance.now() - startMs;
  call.memory.take(tensorBytes(read.map(({ tensor }) => tensor)) + previewBytes(read));
  const input = model.config.image?.input ?? '';
  const outputs = outputsFor(call);
  const frames = read.map(({ tensor: { shape: own }, sizes, shape = own }) =>
    frameOf(new Map([[input, { shape }]]), model.config, sizes),
  );
  const runs = read.map(async ({ tensor, images }) => {
    const inputs = new Map([[input, tensor]]);
    const rows = signature.maxRows > 0 ? (tensor.shape[0] ?? 0) : 1;
    const queued = { inputs, outputs, rows, priority: 0, queueTimeoutMs: 0, signal, trace };
    const result = await model.infer(tensor.datatype === 'BYTES' ? { ...queued, hasFiles: true } : queued);
    return { ...result, outputs: keepRows(result.outputs, images, fixedImages(model) ?? images) };
  });
  return { results: await Promise.all(runs), frames, decodeMs, ...joinPreviews(read) };
}

async function runTensors(codec: Codec, decoded: CheckedRequest, started: Started): Promise<Ran> {
  const { call, startMs, withPreviews } = started;
  const { model } = call.view;
  const state = decoded.sequence === undefined ? undefined : call.view.signature.state?.outputs;
  const names = outputsFor(call);
  const answered = names.filter((name) => state?.has(name) !== true);
  const outputs = (answered.length > 0 ? answered : names).map((name) => ({ name }));
  const { image } = model.config;
  const given = image === undefined ? undefined : decoded.inputs.get(image.input);
  const read = given?.datatype === 'BYTES' ? await readImages(codec, given.data, { model, withPreviews }) : undefined;
  const inputs = read === undefined ? decoded.inputs : new Map(decoded.inputs).set(image?.input ?? '', read.tensor);
  const decodeMs = performance.now() - startMs;
  const frames = [frameOf(inputs, model.config, read?.sizes)];
  const seen = read === undefined ? [] : [read];
  call.memory.take(tensorBytes(inputs.values(), call.body) + previewBytes(seen));
  const masks = [copyMask(inputs, model.config)];
  const results = [await runChecked({ ...decoded, inputs, outputs }, call)];
  return { results, frames, masks, decodeMs, ...joinPreviews(seen) };
}

/** Only what the task reads is needed where the rest is not answered. */
function outputsFor(call: PredictCall): readonly string[] {
  const { view } = call;
  const { classification, detection, segmentation, embedding } = view.model.config;
  if (answersOutputs(call)) return view.outputNames;
  const names =
    detection === undefined
      ? new Set([(classification ?? segmentation ?? embedding)?.output])
      : detectionOutputs(detection);
  return view.outputNames.filter((name) => names.has(name));
}

/** Whether the answer holds the model's outputs: they are asked for, or the model has no task that says what they mean. */
function answersOutputs({ view, withOutputs }: PredictCall): boolean {
  const { classification, detection, segmentation, embedding } = view.model.config;
  return withOutputs || (classification ?? detection ?? segmentation ?? embedding) === undefined;
}

/** What an answer is written of. */
interface AnswerParts {
  readonly input: PredictionInput;
  readonly ran: Ran;
  readonly asked: PredictionOptions;
  /** Outputs of each run, where they are answered. */
  readonly written: readonly WrittenOutputs[] | undefined;
}

interface WrittenOutputs {
  readonly outputs: NamedTensors;
  readonly size: JsonSize;
}

async function writeAnswer(
  codec: Codec,
  call: PredictCall,
  { input, ran, asked, written }: AnswerParts,
): Promise<Buffer> {
  const { model } = call.view;
  const { timings, device = model.placement.device, decodeMs } = reportOf(ran, 0);
  const facts = {
    model_name: model.name,
    model_version: model.version,
    device,
  };
  const times = {
    decode_ms: round(decodeMs),
    queue_ms: round(timings.queueMs),
    compute_ms: round(timings.inputMs + timings.computeMs + timings.outputMs),
  };
  const nonFiniteTokens = input.kind === 'tensors' && wantsTokens(input.request.parameters);
  const isAlone = input.kind === 'tensors' || input.isSingle;
  const task = await writeTask(codec, call, { runs: ran, asked, nonFiniteTokens, isAlone });
  const shown = writePreviews(ran.previews, isAlone);
  const head = `${JSON.stringify(facts).slice(0, -1)}${task}${shown},"timings":${JSON.stringify(times)}`;
  if (written === undefined) return Buffer.from(`${head}}`);
  const outputs = await encodeOutputs(codec, written, { model: model.name, nonFiniteTokens });
  return Buffer.concat([Buffer.from(`${head},"outputs":`), ...outputs, Buffer.from('}')]);
}

/** The outputs of one run; of several runs a list of them. Large ones are written off the event loop. */
async function encodeOutputs(
  codec: Codec,
  written: readonly WrittenOutputs[],
  how: { readonly model: string; readonly nonFiniteTokens: boolean },
): Promise<readonly Buffer[]> {
  const encoded = await Promise.all(
    written.map(async ({ outputs, size }) => codec.encodeOutputs({ outputs, ...how }, { isOwned: false, size })),
  );
  const bodies = encoded.flatMap(({ body }, index) => (index === 0 ? [body] : [Buffer.from(','), body]));
  return written.length > 1 ? [Buffer.from('['), ...bodies, Buffer.from(']')] : bodies;
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
