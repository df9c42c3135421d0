import { bodyChunks } from '../../body-chunks.js';
import { AppError, messageOf } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import { parseObject, type Json } from '../json.js';

/** A request to a place where models are kept. */
export interface Question {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | URLSearchParams;
  /** `manual`: sent on to nowhere, since a key would go along that is no `authorization`. */
  readonly redirect?: 'manual';
}

/**
 * Asks, and answers whatever status comes. Bytes come as they are kept, never compressed for the way; an `authorization` goes to no
 * other host that the request is sent on to. Throws SERVER_UNREACHABLE where nothing answers.
 */
export async function ask(
  { signal }: { readonly signal?: AbortSignal },
  url: string | URL,
  { method = 'GET', headers = {}, body, redirect }: Question = {},
): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'slipway', ...headers },
      ...omitUndefined({ body, signal, redirect }),
    });
  } catch (thrown) {
    const host = URL.canParse(String(url)) ? new URL(url).host : `'${String(url)}'`;
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    throw new AppError(
      'SERVER_UNREACHABLE',
      `${host} does not answer: ${messageOf(cause)}. Check the address and the way there.`,
      { cause: thrown },
    );
  }
}

/** Headers that ask for the rest of a file; `validator` makes a server whose file has changed send all of it. */
export function rangeHeaders(offset: number, validator: string | undefined): Readonly<Record<string, string>> {
  if (offset === 0) return {};
  return { range: `bytes=${offset}-`, ...(validator === undefined ? {} : { 'if-range': validator }) };
}

/** Whether the same question may be answered better later. */
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** The failure that a status means. `hint` says what to do about a refusal. */
export async function failureOf(response: Response, what: string, hint: string): Promise<AppError> {
  const { status } = response;
  const said = await firstLine(response);
  const text = `${what} was answered with ${status}${said === '' ? '' : ` (${said})`}.`;
  const details = { status };
  if (status === 401 || status === 403) return new AppError('UNAUTHORIZED', `${text} ${hint}`, { details });
  if (status === 404 || status === 410) return new AppError('NOT_FOUND', `${text} ${hint}`, { details });
  const wait = isPassing(status) ? ' Try again later.' : '';
  return new AppError(isPassing(status) ? 'SERVER_UNREACHABLE' : 'REQUEST_FAILED', `${text}${wait}`, { details });
}

/** The beginning of what a server says in plain words, for a sentence; pages are left out. */
async function firstLine(response: Response): Promise<string> {
  const text = (await readUpTo(response, 2000, '').catch(() => Buffer.alloc(0))).toString();
  if (/<html/i.test(text)) return '';
  const message = /"(?:message|error)"\s*:\s*"([^"]{1,200})"|<Message>([^<]{1,200})<\/Message>/.exec(text);
  const line = message?.[1] ?? message?.[2] ?? text.trim().split('\n')[0] ?? '';
  return line.replace(/\p{Cc}/gu, ' ').slice(0, 200);
}

/** Most bytes of an answer that is no file: a manifest, a listing, a token. */
const mostAnswerBytes = 32 * 2 ** 20;

/** The bytes of an answer that is no file. Throws REQUEST_FAILED for more of them than any such has, before they are held. */
export async function readAnswer(response: Response, what: string): Promise<Buffer> {
  const bytes = await readUpTo(response, mostAnswerBytes + 1, what);
  if (bytes.length <= mostAnswerBytes) return bytes;
  throw new AppError(
    'REQUEST_FAILED',
    `${what} was answered with more than ${mostAnswerBytes} bytes, and not read on.`,
  );
}

/** The JSON object of such an answer; an empty one where it is none. */
export async function readJson(response: Response, what: string): Promise<Json> {
  return parseObject((await readAnswer(response, what)).toString()) ?? {};
}

async function readUpTo(response: Response, mostBytes: number, what: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of readBody(response, what)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= mostBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, mostBytes);
}

/** How long a body may bring nothing: as long as `fetch` itself waits for one. */
const longestSilenceMs = 300_000;

/** The body's chunks, of which the rest is given up with the loop; a connection that breaks off, or brings nothing for long, is a failure that passes. */
export async function* readBody(
  { body }: Response,
  what: string,
  silenceMs = longestSilenceMs,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    for await (const chunk of bodyChunks(body, silence.signal)) {
      timer.refresh();
      yield chunk;
    }
  } catch (thrown) {
    throw new AppError('SERVER_UNREACHABLE', `The connection broke off while ${what} came.`, { cause: thrown });
  } finally {
    clearTimeout(timer);
  }
}
