import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { StoreWorld } from '../../src/store/world.js';

/** A request as a stand-in saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type Answer = (seen: Seen, response: ServerResponse) => void;

/** An HTTP server on a free port for one test, and what it was asked. */
export async function standIn(context: TestContext, answer: Answer) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks) };
      seen.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, seen };
}

/** Sends a file as RFC 9110 has it: whole, or from the asked byte on; 416 where there is none. */
export function sendFile(
  seen: Seen,
  response: ServerResponse,
  { bytes, etag }: { bytes: Buffer; etag?: string },
): void {
  const headers = { ...(etag === undefined ? {} : { etag }), 'accept-ranges': 'bytes' };
  const from = /^bytes=(\d+)-$/.exec(seen.headers.range ?? '')?.[1];
  const isSame = seen.headers['if-range'] === undefined || seen.headers['if-range'] === etag;
  if (from === undefined || !isSame) {
    response.writeHead(200, { ...headers, 'content-length': bytes.length });
    response.end(seen.method === 'HEAD' ? undefined : bytes);
    return;
  }
  const start = Number(from);
  if (start >= bytes.length) {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { ...headers, 'content-range': range, 'content-length': bytes.length - start });
  response.end(bytes.subarray(start));
}

/**
 * Says how long a file is, sends its beginning, and breaks the connection off once the client has that: what still waits in its
 * stream would be lost with it.
 */
export function breakOff(
  response: ServerResponse,
  { bytes, after, etag, had }: { bytes: Buffer; after: number; etag: string; had: Promise<void> },
): void {
  response.writeHead(200, { etag, 'content-length': bytes.length });
  response.write(bytes.subarray(0, after));
  void had.then(() => response.socket?.end());
}

export const hexOf = (bytes: Uint8Array | string, algorithm = 'sha256'): string =>
  createHash(algorithm).update(bytes).digest('hex');

/** A process that has nothing but what the test gives it, and whose waits are over at once. */
export function worldWith(given: Partial<StoreWorld> & { readonly files?: Readonly<Record<string, string>> } = {}) {
  const waits: number[] = [];
  const { files = {}, ...rest } = given;
  const world: StoreWorld = {
    env: {},
    homeFolder: '/home/me',
    readText: (path) => Promise.resolve(files[path]),
    self: { host: 'here', pid: 7 },
    userId: process.getuid?.(),
    isRunning: () => false,
    now: () => 1_700_000_000_000,
    wait: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
    ...rest,
  };
  return { world, waits };
}

/** Notes of a pull, and its first bytes. */
export function events() {
  const notes: string[] = [];
  const bytes: number[] = [];
  let tell = (): void => undefined;
  const had = new Promise<void>((resolve) => (tell = resolve));
  const onProgress = (each: { bytes: number }): void => {
    bytes.push(each.bytes);
    tell();
  };
  return { notes, bytes, had, onNote: (text: string) => void notes.push(text), onProgress };
}
