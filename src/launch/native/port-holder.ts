import { doCollide, type HostPort } from '../session/address.js';
import type { NativeRunner } from './runner.js';

/** The name of the server without a container that holds one of these addresses; undefined where none of ours does. */
export async function findNativeHolder(
  runner: Pick<NativeRunner, 'list'>,
  wanted: readonly HostPort[],
): Promise<string | undefined> {
  const servers = await runner.list().catch(() => []);
  const holder = servers.find(
    ({ status, request: { host, port } }) =>
      status !== 'exited' && wanted.some((one) => doCollide(one, { hostIp: host, port, protocol: 'tcp' })),
  );
  return holder?.request.name;
}
