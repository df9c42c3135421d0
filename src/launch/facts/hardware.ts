import {
  known,
  couldNotAsk,
  type Fact,
  type HostSystem,
  type DeviceNode,
  type GpuVendor,
  type PciGpu,
} from './facts.js';
import type { HostWorld } from './machine.js';
import { asking, readText, linuxOnly, listed, listNames, readGroup, readLinkName } from './files.js';

const programs = ['nvidia-ctk', 'nvidia-container-runtime', 'nvidia-container-runtime-hook', 'nvidia-cdi-hook'];
const limitMs = 3000;

/** Finds NVIDIA's container toolkit by its programs on PATH. */
export async function probeToolkit(world: HostWorld): Promise<Fact<readonly string[]>> {
  const results = await Promise.all(programs.map((name) => world.run(name, ['--version'], limitMs)));
  const late = programs.filter((_, index) => results[index]?.kind === 'timeout');
  if (late.length > 0) return couldNotAsk(`${late.join(', ')} did not answer within ${limitMs / 1000} s`);
  const found = programs.flatMap((name, index) => {
    const result = results[index];
    if (result === undefined || result.kind === 'missing') return [];
    const version = result.kind === 'exited' ? /\d+\.\d+\.\d+/.exec(result.stdout)?.[0] : undefined;
    return [version === undefined ? name : `${name} ${version}`];
  });
  return known(found, found.length === 0 ? `none of ${programs.join(', ')} on PATH` : found.join(', '));
}

/** Tells the operating system, WSL and Jetson apart. */
export function probeSystem(world: HostWorld): Promise<Fact<HostSystem>> {
  return asking('the system', async () => {
    const { platform, architecture, kernel, hostname } = world;
    const read = async (path: string): Promise<string | undefined> =>
      platform === 'linux' ? readText(world, path) : undefined;
    const isWsl = /microsoft/i.test(kernel) || /microsoft/i.test((await read('/proc/sys/kernel/osrelease')) ?? '');
    const tegra = await read('/etc/nv_tegra_release');
    const family = await read('/sys/devices/soc0/family');
    const isJetson = tegra !== undefined || /^tegra/i.test(family ?? '');
    const kinds = [platform, architecture, kernel, ...(isWsl ? ['WSL'] : []), ...(isJetson ? ['Jetson'] : [])];
    return known({ platform, architecture, kernel, hostname, isWsl, isJetson }, kinds.join(' '));
  });
}

const wanted = /^(nvidia\d+|nvidiactl|nvidia-uvm|nvidia-modeset|kfd|dxg|nvmap|nvgpu)$/;

/** Finds the device files of GPU drivers: NVIDIA, AMD (kfd), render nodes, WSL (dxg). They are made lazily. */
export function probeDeviceNodes(world: HostWorld): Promise<Fact<readonly DeviceNode[]>> {
  return linuxOnly(world, '/dev', async () => {
    const [names, render] = await Promise.all([listNames(world, '/dev'), listNames(world, '/dev/dri')]);
    const paths = [
      ...names.filter((name) => wanted.test(name)).map((name) => `/dev/${name}`),
      ...render.filter((name) => name.startsWith('renderD')).map((name) => `/dev/dri/${name}`),
    ];
    const nodes = await Promise.all(paths.map(async (path) => ({ path, gid: (await readGroup(world, path)) ?? 0 })));
    return listed(nodes, '/dev', ({ path }) => path);
  });
}

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
