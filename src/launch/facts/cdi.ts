import { parse } from 'yaml';
import { messageOf } from '../../errors.js';
import { couldNotAsk, type CdiDevice, type Fact } from './facts.js';
import { linuxOnly, listed, listNames, readText } from './files.js';
import type { HostWorld } from './machine.js';

/** Where engines look unless told otherwise. */
export const defaultCdiFolders: readonly string[] = ['/etc/cdi', '/var/run/cdi'];

/** Reads every CDI spec in the folders; one broken file makes the answer unknown rather than short. */
export function probeCdiDevices(world: HostWorld, folders = defaultCdiFolders): Promise<Fact<readonly CdiDevice[]>> {
  return linuxOnly(world, folders.join(', '), async () => {
    const devices: CdiDevice[] = [];
    for (const folder of folders) {
      const names = (await listNames(world, folder)).filter((name) => /\.(ya?ml|json)$/.test(name));
      for (const name of names) {
        const file = `${folder}/${name}`;
        try {
          devices.push(...parseCdiSpec((await readText(world, file)) ?? '', file));
        } catch (thrown) {
          return couldNotAsk(`${file} is not a CDI spec: ${messageOf(thrown).split('\n')[0] ?? ''}`);
        }
      }
    }
    return listed(devices, folders.join(', '), ({ name }) => name);
  });
}

/** Device names of one spec, YAML or JSON. Throws where it has no kind. */
function parseCdiSpec(text: string, file: string): readonly CdiDevice[] {
  const spec = parse(text) as { kind?: unknown; devices?: unknown } | null;
  const kind = spec?.kind;
  if (typeof kind !== 'string') throw new Error('expected a key "kind" such as nvidia.com/gpu');
  const devices = Array.isArray(spec?.devices) ? (spec.devices as readonly { name?: unknown }[]) : [];
  return devices.map(({ name }) => ({ name: `${kind}=${String(name)}`, file }));
}
