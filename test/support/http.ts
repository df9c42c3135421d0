import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const kept = new Agent({ keepAlive: true });

/** Sends exactly these headers: no Content-Type, no Accept-Encoding, no default of any client library. */
export async function send(url: string, { method, path, headers, body }: Call, agent = kept): Promise<Answer> {
  const sent = request(`${url}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: headers ?? {},
    agent,
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}

/** Body of an answer as JSON. */
export function jsonOf({ body }: Answer): unknown {
  return JSON.parse(body.toString('utf8'));
}

/** JSON followed by binary parts, with the header that says where it ends. */
export function withBinary(json: object, ...parts: readonly Uint8Array[]): Pick<Call, 'body' | 'headers'> {
  const head = Buffer.from(JSON.stringify(json));
  return { body: Buffer.concat([head, ...parts]), headers: { 'inference-header-content-length': String(head.length) } };
}
