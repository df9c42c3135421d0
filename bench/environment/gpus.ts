import type { Fact } from '../../src/launch/facts/facts.js';
import { probeHost } from '../../src/launch/facts/host-facts.js';
import type { HostWorld } from '../../src/launch/facts/machine.js';
import type { GpuFacts } from '../types.js';

/** GPUs of this machine, or why none is believed to be there: the launcher's probes ask nvidia-smi, the PCI bus and /dev. */
export async function readGpus(world: HostWorld): Promise<GpuFacts> {
  const { nvidiaDriver, pciGpus, deviceNodes } = await probeHost(world);
  const evidence = [nvidiaDriver, pciGpus, deviceNodes].map(evidenceOf);
  if (nvidiaDriver.state === 'known' && nvidiaDriver.value.kind === 'working') {
    const { gpus, version, maxCuda } = nvidiaDriver.value;
    const named = gpus.map(({ name, memoryMiB }) => ({
      name,
      memoryBytes: memoryMiB === undefined ? null : memoryMiB * 2 ** 20,
    }));
    return { gpus: named, driver: version, cuda: maxCuda ?? null, evidence };
  }
  const onBus = pciGpus.state === 'known' ? pciGpus.value : [];
  const gpus = onBus.map(({ vendor, address }) => ({ name: `${vendor} GPU at ${address}`, memoryBytes: null }));
  return { gpus, driver: null, cuda: null, evidence };
}

function evidenceOf(fact: Fact<unknown>): string {
  return fact.state === 'known' ? fact.evidence : fact.reason;
}

/** One line that says whether there is a GPU and why that is believed. */
export function describeGpus({ gpus, driver, cuda, evidence }: GpuFacts): string {
  if (gpus.length === 0) return `No GPU: ${evidence.join('; ')}.`;
  const software = driver === null ? '' : ` (driver ${driver}, CUDA up to ${cuda ?? 'unknown'})`;
  return `GPU: ${gpus.map(({ name }) => name).join(', ')}${software}.`;
}
