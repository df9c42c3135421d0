import { toAnswerError } from '../../client/answer-error.js';
import type { HttpAnswer, HttpClient } from '../../client/http.js';
import type { ModelTask } from '../../client/task.js';
import { AppError } from '../../errors.js';
import { decodeInferResponse, encodeInferRequest } from '../../protocol/client.js';
import { headerLengthName, parseHeaderLength } from '../../protocol/v2/binary-part.js';
import { buildPath, type RouteKind } from '../../protocol/paths.js';
import type { ModelMetadata } from '../../protocol/types.js';
import type { NumericTensor, Tensor } from '../../tensor/tensor.js';
import { fitsShape, formatShape } from '../../tensor/shape.js';
import type { Question } from './question.js';

/** The model that is asked. */
export interface Asked {
  readonly name: string;
  readonly version?: string;
  readonly metadata: ModelMetadata;
  readonly task: ModelTask;
}

/** How it is asked. */
export interface AskOptions {
  /** Of `/predictions`: top, score, iou, max, similarity, mask. */
  readonly query: Readonly<Record<string, string>>;
  /** Whether the server knows no more than the Open Inference Protocol. */
  readonly isForeign: boolean;
  /** The answer is wanted as JSON, whatever it holds. */
  readonly asJson: boolean;
  readonly signal: AbortSignal;
}

/** A question to a model. */
export interface Ask {
  readonly asked: Asked;
  readonly question: Question;
  readonly options: AskOptions;
}

/** One answer. */
export interface Answer {
  readonly device: string;
  /** As the server wrote it; empty where it came as binary tensors. */
  readonly text: string;
  readonly outputs?: ReadonlyMap<string, Tensor>;
}

/** A request to a route of the model. */
interface Sent {
  readonly kind: RouteKind;
  readonly body: Uint8Array;
  readonly headerLength?: number | undefined;
  readonly type?: string;
}

/** Asks a model one question. Rejects with the server's own words where it refuses. */
export async function askModel(http: HttpClient, ask: Ask): Promise<Answer> {
  const { asked, options } = ask;
  const sent = toRequest(ask);
  const query = sent.kind === 'predictions' ? new URLSearchParams(options.query).toString() : '';
  const ref = { model: asked.name, ...(asked.version === undefined ? {} : { version: asked.version }) };
  const answer = await http.send({
    method: 'POST',
    path: buildPath(sent.kind, ref) + (query === '' ? '' : `?${query}`),
    headers: {
      'content-type': sent.type ?? 'application/json',
      ...(sent.headerLength === undefined ? {} : { [headerLengthName]: String(sent.headerLength) }),
    },
    body: sent.body,
    signal: options.signal,
  });
  if (answer.status !== 200) throw toAnswerError(answer, `model ${asked.name}`);
  return readAnswer(answer, sent);
}

function toRequest({ asked, question, options }: Ask): Sent {
  switch (question.kind) {
    case 'image':
      refuseForeign(asked, options, 'images');
      return { kind: 'predictions', body: question.bytes, type: 'application/octet-stream' };
    case 'text':
      refuseForeign(asked, options, 'texts');
      return { kind: 'predictions', body: Buffer.from(JSON.stringify({ text: question.texts })) };
    case 'tensor':
      return toInference(asked, question.tensor, options);
    case 'json':
      return toJson(asked, question, options);
  }
}

function toJson({ task }: Asked, { form, body }: Extract<Question, { kind: 'json' }>, { isForeign }: AskOptions): Sent {
  const wrap = (key: string): Buffer => Buffer.concat([Buffer.from(`{"${key}":`), body, Buffer.from('}')]);
  const hasTask = task.name !== undefined && !isForeign;
  switch (form) {
    case 'inputs':
      return { kind: hasTask ? 'predictions' : 'model-infer', body };
    case 'prediction':
      return { kind: 'predictions', body };
    case 'instances':
      return { kind: 'v1-predict', body };
    case 'values':
      return task.takes === 'text'
        ? { kind: 'predictions', body: wrap('text') }
        : { kind: 'v1-predict', body: wrap('instances') };
  }
}

/** A request of the protocol for the model's one input. Throws INVALID_INPUT where it has several, or another shape. */
function toInference({ name, metadata }: Asked, given: NumericTensor, { asJson }: AskOptions): Sent {
  const [input, ...others] = metadata.inputs.filter(({ optional }) => optional !== true);
  if (input === undefined || others.length > 0) {
    const inputs = metadata.inputs.map((each) => each.name).join(', ') || 'none';
    throw new AppError(
      'INVALID_INPUT',
      `Model ${name} has the inputs ${inputs}: an array can be sent to a model with one. Send JSON with "inputs".`,
    );
  }
  // Servers tell of a scalar as [1], and of single elements in batches as [-1,1].
  const fits = [given.shape, [...given.shape, 1]].some((shape) => fitsShape(shape, input.shape));
  if (input.datatype !== given.datatype || (input.unranked !== true && !fits)) {
    const expected = `${input.datatype}${formatShape(input.shape)}`;
    const text = `Input ${input.name} of model ${name} takes ${expected}, but the array is ${given.datatype}${formatShape(given.shape)}. NumPy converts it: x.astype(...), x.reshape(...).`;
    throw new AppError('INVALID_INPUT', text);
  }
  const outputs = asJson ? metadata.outputs.map((output) => ({ name: output.name, binary: false })) : [];
  const { body, headerLength } = encodeInferRequest({
    inputs: new Map([[input.name, given]]),
    outputs,
    form: 'binary',
  });
  return { kind: 'model-infer', body, headerLength, type: 'application/octet-stream' };
}

function refuseForeign({ name }: Asked, { isForeign }: AskOptions, what: string): void {
  if (!isForeign) return;
  const text = `The server of model ${name} is not Slipway: it takes tensors, not ${what}. Send a .npy file, or JSON with "inputs".`;
  throw new AppError('INVALID_INPUT', text);
}

function readAnswer({ headers, body }: HttpAnswer, { kind }: Sent): Answer {
  const device = headers['x-inference-device'];
  const facts = { device: typeof device === 'string' ? device : '' };
  if (kind !== 'model-infer') return { ...facts, text: body.toString() };
  const length = headers[headerLengthName];
  const headerLength = parseHeaderLength(typeof length === 'string' ? length : undefined);
  const { outputs } = decodeInferResponse(body, headerLength);
  return { ...facts, text: headerLength === undefined ? body.toString() : '', outputs };
}
