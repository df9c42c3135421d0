import type { DeviceNode, Fact } from '../facts.js';
import { linuxOnly, listed, listNames, readGroup } from './files.js';
import type { HostWorld } from './world.js';

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
