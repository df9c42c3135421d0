import type { InferResult } from '../batching/types.js';
import { AppError } from '../errors.js';
import { wantsTokens } from '../protocol/response.js';
import type { CheckedRequest } from '../protocol/validate.js';
import type { BytesElement } from '../tensor/tensor.js';
import type { Codec } from './codec/codec.js';
import { runChecked, type InferReport } from './inference.js';
import type { ModelView } from './model-view.js';
import { readPictures, withPictures } from './pictures.js';
import { readPredictionBody } from './prediction-body.js';
import type { PredictionInput } from './prediction-request.js';
import { formatPredictions, readPredictions } from './predictions.js';

/** One `POST /predictions/{model}`. */
export interface PredictCall {
  readonly view: ModelView;
  readonly body: Buffer;
  readonly contentType: string | undefined;
  /** `?top=`, before the body's own and the model's. */
  readonly top: number | undefined;
  /** Answer the model's outputs too. */
  readonly withOutputs: boolean;
  readonly signal: AbortSignal;
}

/** A body of JSON with the way it came about. */
export interface PredictAnswer {
  readonly body: Buffer;
  readonly report: InferReport;
}

/** One run's results, with what it took to read its inputs. */
interface Ran {
  readonly results: readonly InferResult[];
  readonly decodeMs: number;
}

/** Pictures or tensors in, labels out. Throws AppError. */
export async function predict(codec: Codec, call: PredictCall): Promise<PredictAnswer> {
  const startMs = performance.now();
  const { body: sent, contentType, view } = call;
  const input = await readPredictionBody(codec, { body: sent, contentType, signature: view.signature });
  const ran =
    input.kind === 'pictures'
      ? await runPictures(codec, input.pictures, { call, startMs })
      : await runTensors(codec, input.request, { call, startMs });
  const ranMs = performance.now();
  const body = await writeAnswer(codec, call, { input, ran });
  return { body, report: reportOf(ran, performance.now() - ranMs) };
}

/** As many pictures a run as the model takes rows; all runs wait for workers at the same time. */
async function runPictures(
  codec: Codec,
  pictures: readonly BytesElement[],
  { call, startMs }: { readonly call: PredictCall; readonly startMs: number },
): Promise<Ran> {
  const { view, signal } = call;
  const { model, signature } = view;
  const other = signature.inputs.find(({ name }) => signature.imageInputs?.has(name) === false);
  if (other !== undefined) {
    const text = `Model '${model.name}' needs input '${other.name}' beside its picture: send JSON with "inputs", the picture as BYTES.`;
    throw new AppError('INVALID_INPUT', text);
  }
  const size = Math.max(1, view.batching.maxRows);
  const chunks = Array.from({ length: Math.ceil(pictures.length / size) }, (_, n) =>
    pictures.slice(n * size, (n + 1) * size),
  );
  const tensors = await Promise.all(chunks.map((chunk) => readPictures(codec, chunk, model)));
  const decodeMs = performance.now() - startMs;
  const outputs = outputsFor(call);
  const runs = tensors.map((tensor, n) => {
    const inputs = new Map([[model.config.image?.input ?? '', tensor]]);
    const rows = signature.maxRows > 0 ? (chunks[n]?.length ?? 0) : 1;
    return model.infer({ inputs, outputs, rows, priority: 0, queueTimeoutMs: 0, signal });
  });
  return { results: await Promise.all(runs), decodeMs };
}

async function runTensors(
  codec: Codec,
  decoded: CheckedRequest,
  { call, startMs }: { readonly call: PredictCall; readonly startMs: number },
): Promise<Ran> {
  const outputs = outputsFor(call).map((name) => ({ name }));
  const request = await withPictures(codec, { ...decoded, outputs }, call.view.model);
  const decodeMs = performance.now() - startMs;
  return { results: [await runChecked(request, call)], decodeMs };
}

/** Only the classified output is needed where the rest is not answered. */
function outputsFor({ view, withOutputs }: PredictCall): readonly string[] {
  const { classification } = view.model.config;
  return withOutputs || classification === undefined ? view.outputNames : [classification.output];
}

async function writeAnswer(
  codec: Codec,
  call: PredictCall,
  { input, ran }: { readonly input: PredictionInput; readonly ran: Ran },
): Promise<Buffer> {
  const { model } = call.view;
  const { classification } = model.config;
  const top = call.top ?? input.top ?? classification?.top ?? 1;
  const rows = ran.results.flatMap(({ outputs }) => readPredictions(model, outputs, top));
  const isSingle = rows.length === 1 && (input.kind === 'tensors' || input.isSingle);
  const { timings } = reportOf(ran, 0);
  const facts = {
    model_name: model.name,
    model_version: model.version,
    device: model.placement.device,
  };
  const times = {
    decode_ms: round(ran.decodeMs),
    queue_ms: round(timings.queueMs),
    compute_ms: round(timings.inputMs + timings.computeMs + timings.outputMs),
  };
  const nonFiniteTokens = input.kind === 'tensors' && wantsTokens(input.request.parameters);
  let head = JSON.stringify(facts).slice(0, -1);
  if (classification !== undefined) {
    const texts = rows.map((predictions) => formatPredictions(predictions, nonFiniteTokens));
    head += `,"predictions":${isSingle ? (texts[0] ?? '[]') : `[${texts.join(',')}]`}`;
  }
  head += `,"timings":${JSON.stringify(times)}`;
  if (classification !== undefined && !call.withOutputs) return Buffer.from(`${head}}`);
  const outputs = await encodeOutputs(codec, ran.results, { model: model.name, nonFiniteTokens });
  return Buffer.concat([Buffer.from(`${head},"outputs":`), ...outputs, Buffer.from('}')]);
}

/** The outputs of one run; of several runs a list of them. Large ones are written off the event loop. */
async function encodeOutputs(
  codec: Codec,
  results: readonly InferResult[],
  how: { readonly model: string; readonly nonFiniteTokens: boolean },
): Promise<readonly Buffer[]> {
  const encoded = await Promise.all(
    results.map(async ({ outputs }) => codec.encodeOutputs({ outputs, ...how }, false)),
  );
  const bodies = encoded.flatMap(({ body }, index) => (index === 0 ? [body] : [Buffer.from(','), body]));
  return results.length > 1 ? [Buffer.from('['), ...bodies, Buffer.from(']')] : bodies;
}

/** Of several runs at the same time the longest of each part. */
function reportOf({ results, decodeMs }: Ran, encodeMs: number): InferReport {
  const longest = (pick: (result: InferResult) => number) => Math.max(...results.map(pick));
  const timings = {
    queueMs: longest((result) => result.timings.queueMs),
    inputMs: longest((result) => result.timings.inputMs),
    computeMs: longest((result) => result.timings.computeMs),
    outputMs: longest((result) => result.timings.outputMs),
  };
  return { timings, batchRows: longest((result) => result.batchRows), decodeMs, encodeMs };
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
