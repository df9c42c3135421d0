import { readdir, readFile, readlink, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors.js';
import { drawTensors } from '../tensor/drawn.js';
import type { Engine, EngineSession, Placement, SessionSpec } from './engine.js';

/**
 * Whether this process, with a WebGPU session open, computes in software: a software Vulkan driver (Mesa's lavapipe,
 * SwiftShader) is mapped and no GPU's device file is open. The runtime itself does not tell the adapter's name.
 */
export function isSoftwareAdapter(maps: string, openPaths: readonly string[]): boolean {
  const hasSoftwareDriver = /libvulkan_lvp|libvk_swiftshader/.test(maps);
  return hasSoftwareDriver && !openPaths.some((path) => /^\/dev\/(dri\/|nvidia|dxg|kfd)/.test(path));
}

/** Reads what `isSoftwareAdapter` decides on; false where /proc does not say. */
export async function readSoftwareAdapter(): Promise<boolean> {
  const maps = await readFile('/proc/self/maps', 'utf8').catch(() => '');
  const fds = await readdir('/proc/self/fd').catch(() => []);
  const paths = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return isSoftwareAdapter(maps, paths);
}

/** The name of a device as answers and metrics show it: `cpu`, `cuda:0`, `webgpu`. */
export function deviceName({ provider, deviceId }: Pick<SessionSpec, 'provider' | 'deviceId'>): string {
  return provider === 'cuda' || provider === 'tensorrt' ? `${provider}:${deviceId}` : provider;
}

interface ProvenSession {
  readonly session: EngineSession;
  readonly placement: Placement;
}

/**
 * Makes a session together with the proof of where its nodes run: by there being one provider, by strict mode, or by a
 * profile. The device of a software adapter ends in ` (software)`.
 */
export async function createProvenSession(engine: Engine, spec: SessionSpec): Promise<ProvenSession> {
  const { session, placement } = await createPlaced(engine, spec);
  const { device } = placement;
  const isSoftware = device.startsWith('webgpu') && (await readSoftwareAdapter());
  const { optimiserFault } = session;
  return {
    session,
    placement: {
      ...placement,
      ...(isSoftware && { device: `${device} (software)` }),
      ...(optimiserFault === undefined ? {} : { optimiserFault }),
    },
  };
}

async function createPlaced(engine: Engine, spec: SessionSpec): Promise<ProvenSession> {
  const device = deviceName(spec);
  if (spec.provider === 'cpu') {
    return { session: await engine.createSession(spec), placement: { device, nodes: {}, evidence: 'only-provider' } };
  }
  if (spec.strict) {
    return { session: await engine.createSession(spec), placement: { device, nodes: {}, evidence: 'strict-mode' } };
  }
  if (spec.mayRun === false) {
    return { session: await engine.createSession(spec), placement: await proveByStrictMode(engine, spec) };
  }
  const folder = await mkdtemp(join(tmpdir(), 'slipway-profile-'));
  try {
    return await createProfiled(engine, spec, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One row of zeros, enough to see where nodes run. */
const smallest = { rows: 1, variable: 1 };

async function createProfiled(engine: Engine, spec: SessionSpec, folder: string): Promise<ProvenSession> {
  const session = await engine.createSession(spec, { profilePrefix: join(folder, 'run') });
  const outputs = session.outputs.map(({ name }) => name);
  const ran = await session.run(drawTensors(session.inputs, smallest), outputs).then(
    () => true,
    () => false,
  );
  session.endProfile();
  const [file] = await readdir(folder);
  const nodes = ran && file !== undefined ? parseProfile(await readFile(join(folder, file), 'utf8')) : {};
  if (Object.keys(nodes).length > 0) {
    const placement: Placement = { device: describeDevice(deviceName(spec), nodes), nodes, evidence: 'profile' };
    return { session, placement };
  }
  return { session, placement: await proveByStrictMode(engine, spec) };
}

/** For a model that does not run on zeros, or may not: whether the runtime accepts it with the CPU forbidden. */
async function proveByStrictMode(engine: Engine, spec: SessionSpec): Promise<Placement> {
  const device = deviceName(spec);
  try {
    await (await engine.createSession({ ...spec, strict: true })).release();
    return { device, nodes: {}, evidence: 'strict-mode' };
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== 'DEVICE_UNAVAILABLE') throw cause;
    return { device: `${device}+cpu`, nodes: {}, evidence: 'strict-mode' };
  }
}

/** Nodes by execution provider, counted from the runtime's profile (Chrome trace events of category Node). */
export function parseProfile(text: string): Readonly<Record<string, number>> {
  const seen = new Map<string, Set<string>>();
  for (const event of JSON.parse(text) as readonly ProfileEvent[]) {
    const provider = event.args?.provider;
    if (event.cat !== 'Node' || provider === undefined || provider === '') continue;
    const nodes = seen.get(provider) ?? new Set();
    seen.set(provider, nodes.add(event.args?.node_index ?? event.name ?? ''));
  }
  return Object.fromEntries([...seen].map(([provider, nodes]) => [provider, nodes.size]));
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly args?: { readonly provider?: string; readonly node_index?: string };
}

function describeDevice(device: string, nodes: Readonly<Record<string, number>>): string {
  const providers = Object.keys(nodes);
  const onCpu = providers.includes('CPUExecutionProvider');
  if (!onCpu) return device;
  return providers.length === 1 ? 'cpu' : `${device}+cpu`;
}
