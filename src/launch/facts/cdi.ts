import { parse } from 'yaml';
import { messageOf } from '../../errors.js';
import { couldNotAsk, type CdiDevice, type Fact } from './facts.js';
import { linuxOnly, listed, listNames, readDeviceNumber, readText } from './files.js';
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
          devices.push(...(await examine(world, parseCdiSpec((await readText(world, file)) ?? '', file))));
        } catch (thrown) {
          return couldNotAsk(`${file} is not a CDI spec: ${messageOf(thrown).split('\n')[0] ?? ''}`);
        }
      }
    }
    return listed(devices, folders.join(', '), ({ name }) => name);
  });
}

interface DeviceNode {
  readonly path?: unknown;
  readonly hostPath?: unknown;
  readonly major?: unknown;
}

interface Mount {
  readonly hostPath?: unknown;
}

interface Edits {
  readonly deviceNodes?: unknown;
  readonly mounts?: unknown;
}

/** A device with what it brings into a container. */
interface SpecDevice extends CdiDevice {
  readonly edits: readonly Edits[];
}

/** Devices of one spec, YAML or JSON. Throws where it has no kind. */
function parseCdiSpec(text: string, file: string): readonly SpecDevice[] {
  const spec = parse(text) as { kind?: unknown; devices?: unknown; containerEdits?: Edits | null } | null;
  const kind = spec?.kind;
  if (typeof kind !== 'string') throw new Error('expected a key "kind" such as nvidia.com/gpu');
  const devices = asList(spec?.devices) as readonly { name?: unknown; containerEdits?: Edits | null }[];
  return devices.map(({ name, containerEdits }) => ({
    name: `${kind}=${String(name)}`,
    file,
    edits: [containerEdits ?? {}, spec?.containerEdits ?? {}],
  }));
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.map((entry: unknown) => entry ?? {}) : [];
}

/** Looks whether the host has what NVIDIA's devices bring: an engine that misses a file of it starts no container. */
function examine(world: HostWorld, devices: readonly SpecDevice[]): Promise<readonly CdiDevice[]> {
  const looks = new Map<string, Promise<string | undefined>>();
  const look = (path: string, major?: number): Promise<string | undefined> => {
    const found = looks.get(path) ?? findChange(world, path, major);
    looks.set(path, found);
    return found;
  };
  return Promise.all(
    devices.map(async ({ edits, ...device }) => {
      if (!device.name.startsWith('nvidia.com/gpu=')) return device;
      const nodes = edits.flatMap(({ deviceNodes }) => asList(deviceNodes)) as readonly DeviceNode[];
      const mounts = edits.flatMap((one) => asList(one.mounts)) as readonly Mount[];
      const changes = await Promise.all([
        ...nodes.map(({ path, hostPath = path, major }) =>
          look(String(hostPath), typeof major === 'number' && major > 0 ? major : undefined),
        ),
        ...mounts.map(({ hostPath }) => look(String(hostPath))),
      ]);
      const stale = changes.find((change) => change !== undefined);
      return stale === undefined ? device : { ...device, stale };
    }),
  );
}

/** What is not as a spec says of a path; undefined where it is, or may not be looked at. */
async function findChange(world: HostWorld, path: string, major: number | undefined): Promise<string | undefined> {
  if (!path.startsWith('/')) return undefined;
  const rdev = await readDeviceNumber(world, path).catch(() => 'hidden' as const);
  if (rdev === undefined) return `${path} is not there`;
  if (rdev === 'hidden' || major === undefined || rdev === 0) return undefined;
  const actual = majorOf(rdev);
  return actual === major ? undefined : `${path} has the major number ${actual}, not ${major}`;
}

/** makedev(3): bits 8 to 19, and those from 44 on. */
function majorOf(rdev: number): number {
  const bits = BigInt(rdev);
  return Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & ~0xfffn));
}
