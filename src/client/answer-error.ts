import { AppError, errorCodes, type ErrorCode } from '../errors.js';
import type { HttpAnswer } from './http.js';

/** Of servers that do not name theirs. */
const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_INPUT',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_ENCODING',
  429: 'QUEUE_FULL',
  501: 'UNSUPPORTED_TRANSFER',
  503: 'MODEL_NOT_READY',
};

/** The failure that an answer tells of, with the server's own sentence; `details.status` holds the status. */
export function toAnswerError({ status, headers, body }: HttpAnswer, what: string): AppError {
  const sentence = parseSentence(body);
  const requestId = headers['x-request-id'];
  const details = { status, ...(requestId === undefined ? {} : { requestId }) };
  const text = sentence ?? `${what} was answered with status ${status}.`;
  const named = errorCodes.find((code) => code === headers['x-error-code']);
  return new AppError(named ?? codes[status] ?? 'REQUEST_FAILED', text, { details });
}

/** The text of `{"error": "..."}`. */
function parseSentence(body: Buffer): string | undefined {
  try {
    const { error } = JSON.parse(body.toString()) as { readonly error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}
