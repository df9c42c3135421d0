import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../../support/folder.js';

/** What a stub engine does with one request; what it does not answer stays open. */
export type StubAnswer = (request: IncomingMessage, response: ServerResponse) => void;

/** An engine that a test speaks for, at a socket of its own; answers its address. */
export async function openStubEngine(context: TestContext, answer: StubAnswer): Promise<string> {
  const path = join(temporaryFolder('engine-'), 'e.sock');
  const server = createServer(answer).listen(path);
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return path;
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
