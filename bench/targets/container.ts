import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { launch } from '../../src/launch/index.js';
import type { StartOptions, Target, TargetPlan } from './target.js';

export type ContainerVariant = 'cpu' | 'gpu' | 'cuda';

/** A container of one variant, started by the launcher; one that it did not start itself is left running. */
export function planContainer(variant: ContainerVariant): TargetPlan {
  const name = `container-${variant}`;
  return { name, start: (start) => startContainer(name, variant, start) };
}

async function startContainer(name: string, variant: ContainerVariant, start: StartOptions): Promise<Target> {
  const port = await findFreePort();
  const server = await launch({
    variant,
    models: start.repository,
    port,
    name: `slipway-bench-${variant}-${port}`,
    signal: start.signal,
    onNarration: start.narrate,
  });
  const { hostname, port: bound } = new URL(server.url);
  return {
    name,
    kind: 'container',
    origin: { host: hostname, port: Number(bound), basePath: '', headers: {} },
    startParts: {},
    stop: () => (server.isReused ? Promise.resolve() : server.stop()),
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
