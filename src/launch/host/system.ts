import { known, type Fact, type HostSystem } from '../facts.js';
import { asking, readText } from './files.js';
import type { HostWorld } from './world.js';

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
