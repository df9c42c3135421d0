import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems deal out by themselves (Linux: 32768 and up), so that no other program is given it meanwhile. */
const [firstPort, endPort] = [12_000, 32_000];

/** A port of 127.0.0.1 that nobody listened on just now. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * (endPort - firstPort));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
