import type { Fact, GpuVendor, PciGpu } from '../facts.js';
import { linuxOnly, listed, listNames, readLinkName, readText } from './files.js';
import type { HostWorld } from './world.js';

const folder = '/sys/bus/pci/devices';
const vendors: Readonly<Record<string, GpuVendor>> = { '0x10de': 'nvidia', '0x1002': 'amd', '0x8086': 'intel' };
/** VGA and 3D controllers, and AMD's processing accelerators; audio functions share the vendor and are left out. */
const displayClass = /^0x(0300|0302|0380|1200)/;

/** Finds display controllers of NVIDIA, AMD and Intel on the PCI bus, with the kernel driver bound to each. */
export function probePciGpus(world: HostWorld): Promise<Fact<readonly PciGpu[]>> {
  return linuxOnly(world, folder, async () => {
    const addresses = await listNames(world, folder);
    const found = await Promise.all(addresses.map((address) => readPciGpu(world, address)));
    const gpus = found.filter((gpu) => gpu !== undefined);
    return listed(
      gpus,
      folder,
      (gpu) => `${gpu.vendor} ${gpu.device} at ${gpu.address} (${gpu.driver ?? 'no driver'})`,
    );
  });
}

async function readPciGpu(world: HostWorld, address: string): Promise<PciGpu | undefined> {
  const read = async (name: string): Promise<string> =>
    ((await readText(world, `${folder}/${address}/${name}`)) ?? '').trim();
  const [vendorId, pciClass] = await Promise.all([read('vendor'), read('class')]);
  const vendor = vendors[vendorId];
  if (vendor === undefined || !displayClass.test(pciClass)) return undefined;
  const driver = await readLinkName(world, `${folder}/${address}/driver`);
  return { vendor, address, device: await read('device'), ...(driver === undefined ? {} : { driver }) };
}
