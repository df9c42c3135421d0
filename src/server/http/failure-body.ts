import type { ErrorCode } from '../../errors.js';
import type { HttpFailure } from './http-errors.js';

/** Paths whose clients read errors as OpenAI writes them. */
const openAi = /^\/(?:openai\/v1\/|v1\/embeddings\/?(?:\?|$)|v[12]\/rerank\/?(?:\?|$))/;

/** OpenAI's own words for some of our codes. */
const openAiCodes: Partial<Record<ErrorCode, string>> = {
  UNAUTHORIZED: 'invalid_api_key',
  RATE_LIMITED: 'rate_limit_exceeded',
  QUEUE_FULL: 'rate_limit_exceeded',
};

/** The body of a refusal: `{"error": text}`, or `{"error": {message, type, param, code}}` where the path is one of OpenAI's. `url`: without the base path. */
export function failureBody(url: string, failure: Pick<HttpFailure, 'status' | 'code' | 'text'>): Buffer {
  const { status, code, text } = failure;
  if (!openAi.test(url)) return Buffer.from(JSON.stringify({ error: text }));
  const type = status >= 500 ? 'server_error' : status === 429 ? 'rate_limit_error' : 'invalid_request_error';
  const param = code === 'MODEL_NOT_FOUND' ? 'model' : null;
  const error = { message: text, type, param, code: openAiCodes[code] ?? code.toLowerCase() };
  return Buffer.from(JSON.stringify({ error }));
}
