import { addressOf } from '../protocol/authority.js';
import { listServers } from './fleet/fleet.js';
import { openNative } from './native/runner.js';
import { lendThisProcess } from './this-process.js';

/** A server that runs here. */
export interface RunningPlace {
  readonly name: string;
  readonly url: string;
}

/** Servers of this machine that the launcher started and that run, by the addresses that they are published at. */
export async function listRunning(): Promise<readonly RunningPlace[]> {
  const silent = { write: () => undefined };
  const context = lendThisProcess(() => undefined, { stdout: silent, stderr: silent });
  const fleet = { docker: await context.openGateway({}), native: openNative(context) };
  const { servers } = await listServers(fleet, { all: false });
  return servers
    .filter(({ isOwn, isUp }) => isOwn && isUp)
    .flatMap(({ name, facts }) => {
      const port = facts.ports.find(({ hostPort, protocol }) => protocol === 'tcp' && hostPort !== undefined);
      return port?.hostPort === undefined
        ? []
        : [{ name, url: `http://${addressOf(port.hostIp ?? '', port.hostPort)}` }];
    });
}
