import { AppError, messageOf } from '../../errors.js';

/** A request to a place where models are kept. */
export interface Question {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | URLSearchParams;
}

/**
 * Asks, and answers whatever status comes. Bytes come as they are kept, never compressed for the way; keys that go with the
 * request go to no other host that it is sent on to. Throws SERVER_UNREACHABLE where nothing answers.
 */
export async function ask(
  { signal }: { readonly signal?: AbortSignal },
  url: string | URL,
  { method = 'GET', headers = {}, body }: Question = {},
): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'slipway', ...headers },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (thrown) {
    const { host } = new URL(url);
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    throw new AppError('SERVER_UNREACHABLE', `${host} does not answer: ${messageOf(cause)}.`, { cause: thrown });
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
  const text = (await response.text().catch(() => '')).slice(0, 2000);
  if (/<html/i.test(text)) return '';
  const message = /"(?:message|error)"\s*:\s*"([^"]{1,200})"|<Message>([^<]{1,200})<\/Message>/.exec(text);
  const line = message?.[1] ?? message?.[2] ?? text.trim().split('\n')[0] ?? '';
  return line.replace(/\p{Cc}/gu, ' ').slice(0, 200);
}
