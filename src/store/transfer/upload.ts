import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AppError, messageOf } from '../../errors.js';

export interface Upload {
  readonly headers: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  readonly body: NodeJS.ReadableStream;
}

/** PUTs a stream whose length is known, as S3 and registries want it. Throws SERVER_UNREACHABLE where the connection breaks. */
export async function upload(url: URL, { headers, sizeBytes, body }: Upload): Promise<Response> {
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  const sent = request(url, {
    method: 'PUT',
    headers: { ...headers, 'content-length': sizeBytes, 'user-agent': 'slipway' },
  });
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
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  const { statusCode: status = 500, headers } = message;
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  );
  const body = status === 204 || status === 304 ? null : Buffer.concat(chunks);
  return new Response(body, { status, headers: fields });
}
