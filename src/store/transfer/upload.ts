import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AppError, messageOf } from '../../errors.js';

/** A body to send. */
export interface Upload {
  readonly headers: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  readonly body: NodeJS.ReadableStream;
  /** How long the other side may be silent, in milliseconds: as long as `fetch` waits, unless told otherwise. */
  readonly silenceMs?: number;
}

/** The most of an answer that is kept: a few words. */
const mostAnswerBytes = 64 * 1024;

/** PUTs a stream whose length is known, as S3 and registries want it. Throws SERVER_UNREACHABLE where the connection breaks. */
export async function upload(url: URL, { headers, sizeBytes, body, silenceMs = 300_000 }: Upload): Promise<Response> {
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  const sent = request(url, {
    method: 'PUT',
    headers: { ...headers, 'content-length': sizeBytes, 'user-agent': 'slipway' },
  });
  sent.setTimeout(silenceMs, () => sent.destroy(new Error(`it was silent for ${silenceMs / 1000} s`)));
  const answered = new Promise<IncomingMessage>((resolve, reject) => sent.on('response', resolve).on('error', reject));
  answered.catch(() => undefined);
  try {
    // A server that refuses may answer, and close, before all has gone.
    await Promise.race([pipeline(body, sent), answered]);
    return await toResponse(await answered);
  } catch (thrown) {
    throw new AppError('SERVER_UNREACHABLE', `${url.host} broke off while it was sent a file: ${messageOf(thrown)}.`, {
      cause: thrown,
    });
  }
}

async function toResponse(message: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= mostAnswerBytes) break;
  }
  const { statusCode: status = 500, headers } = message;
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  );
  const body = status === 204 || status === 304 ? null : Buffer.concat(chunks);
  return new Response(body, { status, headers: fields });
}
