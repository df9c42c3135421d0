import { bodyChunks } from '../../../body-chunks.js';
import { AppError, messageOf, type ErrorCode } from '../../../errors.js';
import { parseObject } from '../../../model/found/json.js';
import type { StepConfig } from '../../../model/pipeline/pipeline-json.js';
import { escapeMisleading } from '../../../protocol/paths.js';
import { trailHeader } from './trail.js';
import type { StepKeys } from './step-keys.js';
import { describeTarget, withoutHead, type StepCall } from '../types.js';

/** A step on another server. */
export type RemoteStep = StepConfig & { readonly url: string };

/** One call to it. */
export interface RemoteCall {
  readonly image: Uint8Array;
  readonly signal: AbortSignal;
  readonly trail: readonly string[];
  /** The request's trace, which goes on there. */
  readonly traceparent: string | undefined;
  /** Counts bytes of the answer as they come. Throws where there is no room. */
  readonly onBytes: (heldBytes: number) => void;
}

/** How other servers are called. */
export interface RemoteOptions {
  readonly keys: StepKeys;
  readonly mostAnswerBytes: number;
}

/** Where a model of another server is asked. */
export function predictionUrl(step: RemoteStep): string {
  const query = new URLSearchParams(
    Object.entries(step.options).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return `${pathOf(step, 'predictions/')}${query.size === 0 ? '' : `?${query.toString()}`}`;
}

/** Asks a model of another server about an image. Redirects are not followed. Rejects with STEP_FAILED, STEP_TIMEOUT, or what the other server's refusal says. */
export async function callRemote(step: RemoteStep, call: RemoteCall, options: RemoteOptions): Promise<StepCall> {
  const timeout = AbortSignal.timeout(step.timeoutMs);
  const signal = AbortSignal.any([call.signal, timeout]);
  try {
    const response = await fetch(predictionUrl(step), {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        [trailHeader]: call.trail.join(','),
        ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
        ...(await keyHeader(step, options.keys)),
      },
      body: call.image as Uint8Array<ArrayBuffer>,
      redirect: 'manual',
      signal,
    });
    const text = await readAnswer(response, { ...call, signal }, options.mostAnswerBytes);
    if (response.status !== 200) throw refusalOf(response, text);
    return toStepCall(text);
  } catch (thrown) {
    if (timeout.aborted && !(thrown instanceof AppError)) {
      throw new AppError('STEP_TIMEOUT', `no answer within ${step.timeoutMs} ms (timeoutMs)`, { cause: thrown });
    }
    throw thrown instanceof AppError ? thrown : new AppError('STEP_FAILED', reasonOf(thrown), { cause: thrown });
  }
}

/** Longest that a server may take to say whether a model is ready. */
const readyMs = 5000;

/** Why a step on another server cannot be asked now; undefined where it can. */
export async function findRemoteProblem(step: RemoteStep, keys: StepKeys): Promise<string | undefined> {
  try {
    const response = await fetch(`${pathOf(step, 'v2/models/')}/ready`, {
      headers: await keyHeader(step, keys),
      redirect: 'manual',
      signal: AbortSignal.timeout(readyMs),
    });
    await response.body?.cancel();
    return response.status === 200 ? undefined : `${describeTarget(step)} is not ready: it answered ${response.status}`;
  } catch (thrown) {
    return `${describeTarget(step)} is not ready: ${reasonOf(thrown)}`;
  }
}

function pathOf({ url, model, version }: RemoteStep, room: string): string {
  const suffix = version === undefined ? '' : `/versions/${version}`;
  return `${url}/${room}${encodeURIComponent(model)}${suffix}`;
}

async function keyHeader({ key }: RemoteStep, keys: StepKeys): Promise<Readonly<Record<string, string>>> {
  return key === undefined ? {} : { 'x-api-key': await keys(key) };
}

/** The whole text, as far as it may go. */
async function readAnswer({ body }: Response, { onBytes, signal }: RemoteCall, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body === null ? [] : bodyChunks(body, signal)) {
    length += chunk.length;
    if (length > mostBytes) {
      throw new AppError('STEP_FAILED', `its answer has more than ${mostBytes} bytes (--max-body-bytes)`);
    }
    onBytes(length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Codes that say the same here as there; whatever else another server answers is its own failure. */
const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_INPUT',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'QUEUE_FULL',
  503: 'MODEL_NOT_READY',
};

function refusalOf(response: Response, text: string): AppError {
  const { status } = response;
  if (status >= 300 && status < 400) {
    return new AppError('STEP_FAILED', `it answered ${status}, a redirect, and redirects are not followed`);
  }
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  const details = Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {};
  return new AppError(codes[status] ?? 'STEP_FAILED', `it answered ${status}${quoteError(text)}`, { details });
}

const longestQuote = 500;

function quoteError(text: string): string {
  const said = parseObject(text)?.['error'];
  if (typeof said !== 'string') return '';
  return `: ${escapeMisleading(said.length > longestQuote ? `${said.slice(0, longestQuote)}...` : said)}`;
}

/** An answer of `POST /predictions`, of this server or of another, as a step's. Throws STEP_FAILED for anything else. */
export function toStepCall(text: string): StepCall {
  const whole = parseObject(text) ?? {};
  const { device, model_version: version } = whole;
  if (isHeaderText(device) && isHeaderText(version)) return { answer: withoutHead(whole), device, version };
  throw new AppError(
    'STEP_FAILED',
    'its answer is not that of a model: expected JSON with "device" and "model_version", short texts that a header may hold',
  );
}

/** The device stands in a header of the whole answer. */
const isHeaderText = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x20-\x7e]{1,1000}$/.test(value);

/** `fetch failed` says nothing; its cause does. */
function reasonOf(thrown: unknown): string {
  const { cause } = thrown as { cause?: unknown };
  const inner = cause instanceof Error && cause.message !== '' ? cause : thrown;
  const { code } = inner as { code?: unknown };
  const text = messageOf(inner);
  return typeof code === 'string' && !text.includes(code) ? `${text} (${code})` : text;
}
