import { couldNotAsk, type HostFacts } from './facts.js';
import { defaultCdiFolders, probeCdiDevices } from './cdi.js';
import { probeDeviceNodes, probePciGpus, probeSystem, probeToolkit } from './hardware.js';
import { probeNvidiaModule, probeNvidiaDriver } from './nvidia.js';
import type { HostWorld } from './machine.js';

/** Asks everything at once; each probe has its own time limit, so the whole takes as long as the slowest. */
export async function probeHost(world: HostWorld, cdiFolders?: readonly string[]): Promise<HostFacts> {
  const folders = cdiFolders === undefined || cdiFolders.length === 0 ? defaultCdiFolders : cdiFolders;
  const [system, nvidiaDriver, nvidiaModule, pciGpus, deviceNodes, cdiDevices, toolkit] = await Promise.all([
    probeSystem(world),
    probeNvidiaDriver(world),
    probeNvidiaModule(world),
    probePciGpus(world),
    probeDeviceNodes(world),
    probeCdiDevices(world, folders),
    probeToolkit(world),
  ]);
  return { system, nvidiaDriver, nvidiaModule, pciGpus, deviceNodes, cdiDevices, toolkit };
}

/** The facts about a host that this machine's files cannot speak for. */
export function hostOutOfReach(reason: string): HostFacts {
  const fact = couldNotAsk(reason);
  return {
    system: fact,
    nvidiaDriver: fact,
    nvidiaModule: fact,
    pciGpus: fact,
    deviceNodes: fact,
    cdiDevices: fact,
    toolkit: fact,
  };
}
