// An HTTP server that parses the body it is sent and infers nothing: what transport and parsing cost by themselves.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Parent to this process: the answer that every request gets from now on. */
export interface BareAnswer {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** This process to its parent, after every answer set: the port. */
export type FromBare = number;

let headers: Record<string, string | number> = {};
let body: Uint8Array = new Uint8Array();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const received = chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks);
    const isJson = received[0] === 0x7b && request.headers['inference-header-content-length'] === undefined;
    if (isJson) JSON.parse(received.toString());
    response.writeHead(200, headers).end(body);
  });
});
const listening = new Promise<number>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
});

process.on('message', (answer: BareAnswer) => {
  body = answer.body;
  headers = { 'content-type': answer.contentType, 'content-length': body.byteLength };
  void listening.then((port) => process.send?.(port satisfies FromBare));
});
process.once('disconnect', () => process.exit(0));
