import { AppError, messageOf, shorten, type ErrorCode } from '../../errors.js';
import { escapeMisleading, isMisleading } from '../../protocol/paths.js';
import { hidePaths } from '../describe/private-paths.js';

/** HTTP status of every error code; a code without a row does not compile. 499 is never seen: its client has gone. */
export const statusOf = {
  INVALID_INPUT: 400,
  USAGE: 400,
  MODEL_INVALID: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  NOT_FOUND: 404,
  MODEL_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_ENCODING: 415,
  UNSUPPORTED_TRANSFER: 501,
  QUEUE_FULL: 429,
  CLIENT_GONE: 499,
  ENGINE_FAILED: 500,
  STEP_FAILED: 502,
  STEP_TIMEOUT: 504,
  INTERNAL: 500,
  PORT_IN_USE: 500,
  DOCKER_UNREACHABLE: 500,
  DOCKER_REFUSED: 500,
  IMAGE_MISSING: 500,
  BUILD_FAILED: 500,
  CONTAINER_NOT_FOUND: 500,
  CONTAINER_EXITED: 500,
  READY_TIMEOUT: 500,
  SERVER_UNREACHABLE: 500,
  REQUEST_FAILED: 500,
  MODEL_NOT_READY: 503,
  MODEL_QUARANTINED: 503,
  CONTROL_DISABLED: 503,
  QUEUE_TIMEOUT: 503,
  MEMORY_FULL: 503,
  SHUTTING_DOWN: 503,
  WORKER_LOST: 503,
  DEVICE_UNAVAILABLE: 503,
} as const satisfies Record<ErrorCode, number>;

/** Seconds after which a refused request is worth repeating where nothing was measured, and never less: `Retry-After` is whole. */
const leastRetryAfterSeconds = 1;

/** What a client is told of a failure. */
export interface HttpFailure {
  readonly status: number;
  /** Told as `x-error-code`: a status may stand for several. */
  readonly code: ErrorCode;
  /** Text of the body's `error`; names no path of ours, and what could steer a terminal or mislead readers is written out. */
  readonly text: string;
  /** `Allow`, `Accept-Encoding`, `Retry-After`, `WWW-Authenticate`, where the status calls for one. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Turns anything thrown while answering a request into its status, text and headers. */
export function toHttpFailure(thrown: unknown): HttpFailure {
  const error = toAppError(thrown);
  const isRequestFault = error.details['isRequestFault'] === true;
  const status = isRequestFault ? 400 : statusOf[error.code];
  const code = isRequestFault ? 'INVALID_INPUT' : error.code;
  return { status, code, text: written(textOf(error, status)), headers: headersOf(error, status) };
}

/** The code of anything thrown, the framework's own errors included. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const { code, statusCode } = thrown as { code?: unknown; statusCode?: unknown };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new AppError('PAYLOAD_TOO_LARGE', messageOf(thrown));
  if (code === 'ECONNRESET') return new AppError('CLIENT_GONE', 'The client closed the connection.', { cause: thrown });
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new AppError('INVALID_INPUT', messageOf(thrown), { cause: thrown });
  }
  return new AppError('INTERNAL', messageOf(thrown), { cause: thrown });
}

/** The refusal of a body above the limit, in the words that clients of this protocol match on. */
export function tooLarge(limitBytes: number): AppError {
  return new AppError(
    'PAYLOAD_TOO_LARGE',
    `The request body exceeds the maximum allowed input size of ${limitBytes} bytes. Send less at once, or start the server with a larger --max-body-bytes.`,
    { details: { limitBytes } },
  );
}

/** Texts that quote files of this machine; the others quote the request at most, which is the client's own. */
const quotesFiles: ReadonlySet<ErrorCode> = new Set([
  'MODEL_INVALID',
  'MODEL_NOT_FOUND',
  'MODEL_NOT_READY',
  'MODEL_QUARANTINED',
  'DEVICE_UNAVAILABLE',
  'WORKER_LOST',
]);

function textOf({ code, message }: AppError, status: number): string {
  const text = shorten(message, longestText);
  if (code === 'ENGINE_FAILED' || (status !== 500 && quotesFiles.has(code))) return hidePaths(text);
  return status === 500 ? 'Internal server error. The server logged its cause with this x-request-id.' : text;
}

/** A name of a request may be as long as its body: nobody reads on, and looking through all of it would hold the event loop. */
const longestText = 10_000;

/** Texts quote names that clients and models chose. Lines stay: the runtime's texts have several. */
function written(text: string): string {
  return isMisleading(text) ? text.split('\n').map(escapeMisleading).join('\n') : text;
}

function headersOf({ code, details }: AppError, status: number): Readonly<Record<string, string>> {
  if (status === 429 || status === 503) return { 'retry-after': String(retryAfterSeconds(details)) };
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  if (status === 405) return { allow: String(details['allow']) };
  return code === 'UNSUPPORTED_ENCODING' ? { 'accept-encoding': 'gzip, deflate' } : {};
}

/** The time that the refusal itself estimates, rounded up. */
function retryAfterSeconds({ retryAfterMs }: AppError['details']): number {
  return typeof retryAfterMs === 'number'
    ? Math.max(leastRetryAfterSeconds, Math.ceil(retryAfterMs / 1000))
    : leastRetryAfterSeconds;
}
