import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A camera of the network that shows what the test gives it. */
export interface Camera {
  readonly address: string;
  /** Connections that watch it now. */
  readonly viewers: ReadonlySet<ServerResponse>;
  /** Headers of the last request. */
  readonly asked: () => Readonly<Record<string, unknown>>;
  show(jpeg: Buffer): void;
  /** Breaks every connection off. */
  hangUp(): void;
  /** Resolves with the next connection. */
  nextViewer(): Promise<void>;
}

export async function openCamera(context: TestContext, refuse?: RequestListener): Promise<Camera> {
  const viewers = new Set<ServerResponse>();
  let headers: Readonly<Record<string, unknown>> = {};
  let arrived = (): void => undefined;
  const server = createServer((request, response) => {
    ({ headers } = request);
    if (refuse !== undefined) {
      refuse(request, response);
      return;
    }
    response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=cam' }).flushHeaders();
    viewers.add(response);
    response.on('close', () => viewers.delete(response));
    arrived();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    viewers,
    asked: () => headers,
    show: (jpeg) => {
      for (const viewer of viewers) {
        viewer.write(`--cam\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
        viewer.write(jpeg);
        viewer.write('\r\n');
      }
    },
    hangUp: () => viewers.forEach((viewer) => viewer.destroy()),
    nextViewer: () => new Promise((resolve) => (arrived = resolve)),
  };
}
