import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A proxy before a server that holds every answer back for a while: a server that has become slower. */
export interface SlowProxy {
  readonly url: string;
  delayMs: number;
  close(): Promise<void>;
}

export async function startSlowProxy(target: URL): Promise<SlowProxy> {
  const sockets = new Set<Socket>();
  const proxy = { url: '', delayMs: 0, close: () => Promise.resolve() };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    client.pipe(upstream);
    upstream.on('data', (chunk) => setTimeout(() => client.write(chunk), proxy.delayMs));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy.close = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
  return proxy;
}
