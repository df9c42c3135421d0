import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import type { LaunchContext } from '../context.js';
import type { DockerGateway } from '../docker/gateway.js';
import {
  couldNotAsk,
  known,
  type EngineFacts,
  type Fact,
  type Facts,
  type HostFacts,
  type ImageFacts,
  type PathState,
  type HostSystem,
} from './facts.js';
import { defaultCdiFolders, probeCdiDevices } from './cdi.js';
import { hostOutOfReach, probeHost } from './host-facts.js';
import { thisMachine } from './machine.js';
import { readSecurityProfiles } from './security-profiles.js';
import { ownTags } from '../editions.js';
import { containerVariants } from '../labels.js';
import { readModelNames } from './model-folder.js';
import { isMeant } from '../docker/reference.js';
import type { LaunchRequest } from '../request/request.js';
import { readVariables } from '../text/variables.js';

const engineLimitMs = 15_000;

/** Asks the engine and, at the same time, this machine; what the request names is looked for where the engine runs. */
export async function gatherFacts(
  context: LaunchContext,
  gateway: DockerGateway,
  request?: LaunchRequest,
): Promise<Facts> {
  const world = thisMachine(context.env);
  const [engine, ownHost, buildable] = await Promise.all([
    readEngine(gateway, request?.image),
    probeHost(world),
    findBuildable(context.projectFolder),
  ]);
  const host = await hostOfEngine(engine, ownHost, (folders) => probeCdiDevices(world, folders));
  const paths = request === undefined ? {} : await readPaths(request, context.cwd, gateway.endpoint.remoteHost);
  const profiles = request === undefined ? {} : await readProfiles(request, engine, context.cwd);
  return { host, engine, buildable, paths, profiles };
}

/**
 * The engine's version, abilities and images, with the variables of ours and of the one named; unknown, with the reason, where it does
 * not answer in time.
 */
export async function readEngine(gateway: DockerGateway, imageNamed?: string): Promise<Fact<EngineFacts>> {
  const { url, source, context, remoteHost } = gateway.endpoint;
  try {
    const [info, images] = await within(
      engineLimitMs,
      url,
      Promise.all([gateway.info(), readImages(gateway, imageNamed)]),
    );
    const where = omitUndefined({ context, remoteHost });
    return known({ url, source, ...where, info, images }, `${info.kind} ${info.version} at ${url} (${source})`);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'USAGE') throw thrown;
    return couldNotAsk(messageOf(thrown));
  }
}

async function readImages(gateway: DockerGateway, named: string | undefined): Promise<Fact<readonly ImageFacts[]>> {
  try {
    const images = await gateway.images.list();
    const wanted = named === undefined ? ownTags : [...ownTags, named];
    const facts = images.map(async ({ id, tags, labels }): Promise<ImageFacts> => {
      if (!wanted.some((ref) => isMeant({ id, tags }, ref))) return { id, tags, labels };
      return { id, tags, labels, env: await readEnvironment(gateway, id) };
    });
    return known(await Promise.all(facts), `${images.length} images`);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'DOCKER_UNREACHABLE') throw thrown;
    return couldNotAsk(messageOf(thrown));
  }
}

async function readEnvironment(gateway: DockerGateway, id: string): Promise<Readonly<Record<string, string>>> {
  const { env } = await gateway.images.inspect(id);
  return readVariables(env);
}

async function within<T>(limitMs: number, url: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `The engine at ${url} did not answer within ${limitMs / 1000} s. Check it, or choose another with --context or -H.`;
    timer = setTimeout(() => reject(new AppError('DOCKER_UNREACHABLE', text)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function hostOfEngine(
  engine: Fact<EngineFacts>,
  own: HostFacts,
  probeCdi: (folders: readonly string[]) => Promise<HostFacts['cdiDevices']>,
): Promise<HostFacts> {
  if (engine.state === 'unknown') return own;
  const place = whereIsEngine(engine.value, own.system);
  if (!place.isHere) return hostOutOfReach(place.reason);
  const folders = engine.value.info.cdiSpecDirs ?? [];
  const isUsual = folders.length === 0 || folders.join() === defaultCdiFolders.join();
  return isUsual ? own : { ...own, cdiDevices: await probeCdi(folders) };
}

async function findBuildable(projectFolder: string): Promise<readonly string[]> {
  const has = async (variant: string): Promise<boolean> =>
    access(join(projectFolder, 'docker', `Dockerfile.${variant}`)).then(
      () => true,
      () => false,
    );
  const found = await Promise.all(containerVariants.map(has));
  return containerVariants.filter((_, index) => found[index]);
}

async function readPaths(request: LaunchRequest, cwd: string, remoteHost: string | undefined): Promise<Facts['paths']> {
  const { mounts, devices } = request.container;
  const sources = mounts.flatMap((mount) => (mount.type === 'bind' ? [mount.source] : []));
  const named = mounts.flatMap((mount) =>
    mount.type === 'volume' && mount.source !== undefined ? [mount.source] : [],
  );
  const paths = [
    ...sources.flatMap((source) => [source, join(source, 'models')]),
    ...devices.flatMap((device) => (device.kind === 'path' ? [device.host] : [])),
  ].map((path) => [path, path] as const);
  const folders = named.map((name) => [`./${name}`, join(cwd, name)] as const);
  const read = remoteHost === undefined ? readPath : () => couldNotAsk(`it is a path of ${remoteHost}`);
  const mounted = new Set(sources.flatMap((source) => [source, join(source, 'models')]));
  const facts = await Promise.all(
    [...paths, ...folders].map(async ([key, path]) => {
      const fact = await read(path);
      if (fact.state === 'unknown' || fact.value.kind !== 'folder' || !mounted.has(key)) return [key, fact] as const;
      return [key, known({ ...fact.value, models: await readModelNames(path) }, fact.evidence)] as const;
    }),
  );
  return Object.fromEntries(facts);
}

/** As the engine takes them. Throws USAGE where a file cannot be read; that of a Podman elsewhere is not looked for here. */
async function readProfiles(
  { container }: LaunchRequest,
  engine: Fact<EngineFacts>,
  cwd: string,
): Promise<Facts['profiles']> {
  const isPodman = engine.state === 'known' && engine.value.info.kind === 'podman';
  if (isPodman && engine.value.remoteHost !== undefined) return {};
  return readSecurityProfiles(container.securityOptions, { cwd, asFile: isPodman });
}

async function readPath(path: string): Promise<Fact<PathState>> {
  try {
    const found = await stat(path);
    if (found.isCharacterDevice() || found.isBlockDevice())
      return known({ kind: 'device', gid: found.gid }, `${path}: group ${found.gid}`);
    return known({ kind: found.isDirectory() ? 'folder' : 'file' }, path);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return known({ kind: 'missing' }, `no ${path}`);
    return couldNotAsk(messageOf(thrown));
  }
}

/** Whether this machine's files speak for the host on which the engine runs containers, and if not, why. */
type EnginePlace = { readonly isHere: true } | { readonly isHere: false; readonly reason: string };

/**
 * A kernel tells: containers share their host's. Another release means another machine or a virtual one (Desktop, Colima,
 * Lima, a devcontainer's outer host counts as here). Over tcp the host's name must agree too.
 */
export function whereIsEngine(engine: EngineFacts, system: Fact<HostSystem>): EnginePlace {
  const { remoteHost, info, url } = engine;
  const elsewhere = (reason: string): EnginePlace => ({
    isHere: false,
    reason: `${reason}; this machine's files do not describe it`,
  });
  if (remoteHost !== undefined) return elsewhere(`the engine runs on ${remoteHost}`);
  if (system.state === 'unknown') return elsewhere(`this system could not be asked (${system.reason})`);
  const { platform, kernel, hostname, isWsl } = system.value;
  // On Windows nvidia-smi.exe answers for the GPU that Desktop's WSL machine shares.
  if (info.kind === 'desktop' && (platform === 'win32' || isWsl)) return { isHere: true };
  if (info.kernel !== '' && info.kernel !== kernel) {
    return elsewhere(`the engine runs in a virtual machine (${info.operatingSystem}, kernel ${info.kernel})`);
  }
  if (/^(tcp|https?):/.test(url) && info.hostname !== hostname)
    return elsewhere(`the engine behind ${url} runs on ${info.hostname}`);
  return { isHere: true };
}
