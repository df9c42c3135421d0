import { known, type Fact, type NvidiaModule } from '../facts.js';
import { linuxOnly, listNames, readText } from './files.js';
import type { HostWorld } from './world.js';

const folder = '/proc/driver/nvidia';

/** Reads the kernel module's version and GPUs, which needs no program. Absent in WSL. */
export function probeNvidiaModule(world: HostWorld): Promise<Fact<NvidiaModule>> {
  return linuxOnly<NvidiaModule>(world, folder, async () => {
    const text = await readText(world, `${folder}/version`);
    if (text === undefined) return known({ kind: 'absent' }, `no ${folder}/version`);
    const version = /Kernel Module\S*(?: for \S+)?\s+(\d+\.[\d.]+)/.exec(text)?.[1] ?? 'unknown';
    const addresses = await listNames(world, `${folder}/gpus`);
    const gpus = await Promise.all(
      addresses.map(async (address) => {
        const information = (await readText(world, `${folder}/gpus/${address}/information`)) ?? '';
        const field = (name: string): string =>
          new RegExp(`^${name}:\\s*(.+)$`, 'm').exec(information)?.[1]?.trim() ?? 'unknown';
        return { model: field('Model'), uuid: field('GPU UUID') };
      }),
    );
    return known({ kind: 'loaded', version, gpus }, `${folder}/version: ${version}, ${gpus.length} GPU(s)`);
  });
}
