// An HTTP server that parses the body it is sent and infers nothing: what transport and parsing cost by themselves.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Parent to this process: the answer that every request gets. */
export interface BareAnswer {
  readonly contentType: string;
  readonly body: Uint8Array;
}

process.once('message', ({ contentType, body }: BareAnswer) => {
  const headers = { 'content-type': contentType, 'content-length': body.byteLength };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received = chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks);
      if (received[0] === 0x7b && request.headers['inference-header-content-length'] === undefined)
        JSON.parse(received.toString());
      response.writeHead(200, headers).end(body);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
});
process.once('disconnect', () => process.exit(0));
