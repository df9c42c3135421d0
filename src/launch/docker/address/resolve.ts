import { AppError, messageOf } from '../../../errors.js';
import { readDockerConfig } from '../../../store/credentials/docker-config.js';
import { openContext, readTlsFolder, type ContextWorld } from './context-store.js';
import type { DockerAddress, DockerEndpoint, TlsMaterial } from './endpoint.js';

/** The engine that a command line names. */
export interface EngineRequest {
  readonly context?: string;
  readonly host?: string;
}

/**
 * The engine that the docker CLI would talk to: --context, then -H, DOCKER_HOST, DOCKER_CONTEXT, the config file's
 * currentContext, the default socket. Where the default socket is missing, the first of the other known ones that
 * exists, named as such. Opens no connection. Throws USAGE for an address or a context that cannot be.
 */
export async function resolveEndpoint(request: EngineRequest, world: ContextWorld): Promise<DockerEndpoint> {
  if (request.context !== undefined && request.host !== undefined) {
    throw new AppError('USAGE', 'Both --context and -H name an engine. Give one of them.');
  }
  if (request.context !== undefined) return fromContext(request.context, `--context ${request.context}`, world);
  if (request.host !== undefined) return fromHost(request.host, '-H', world);
  const { DOCKER_HOST: host = '', DOCKER_CONTEXT: named = '' } = world.env;
  if (host !== '') return fromHost(host, 'DOCKER_HOST', world);
  if (named !== '') return fromContext(named, `DOCKER_CONTEXT=${named}`, world);
  const config = await readDockerConfig(world).catch(messageOf);
  if (typeof config === 'string') {
    // As the docker CLI does it: settings that cannot be read are named, and keep nobody from the default engine.
    const endpoint = await fromDefaults(world);
    return { ...endpoint, source: `${endpoint.source}; ${config.replace(/\.$/, '')}` };
  }
  const { currentContext } = config;
  if (currentContext !== '') return fromContext(currentContext, `docker context ${currentContext}`, world);
  return fromDefaults(world);
}

async function fromContext(name: string, source: string, world: ContextWorld): Promise<DockerEndpoint> {
  if (name === 'default') return fromDefaults(world);
  const { host, tls } = await openContext(name, source, world);
  const address = parseAddress(host, { source, defaultPort: tls === undefined ? 2375 : 2376 });
  return endpointOf(host, { source, context: name }, withTls(address, tls));
}

async function fromHost(text: string, source: string, world: ContextWorld): Promise<DockerEndpoint> {
  const { DOCKER_TLS_VERIFY: verify = '', DOCKER_TLS: wanted = '', DOCKER_CERT_PATH: folder } = world.env;
  const isSecure = verify !== '' || wanted !== '' || text.startsWith('https:');
  const address = parseAddress(text, { source, defaultPort: isSecure ? 2376 : 2375 });
  const tls =
    address.kind === 'tcp' && isSecure
      ? await readTlsFolder(folder ?? '', { skipVerify: verify === '' && wanted !== '' }, world)
      : undefined;
  return endpointOf(text.includes('://') ? text : `tcp://${text}`, { source }, withTls(address, tls));
}

function withTls(address: DockerAddress, tls: TlsMaterial | undefined): DockerAddress {
  return address.kind === 'tcp' && tls !== undefined ? { ...address, tls } : address;
}

function endpointOf(
  url: string,
  origin: Pick<DockerEndpoint, 'source' | 'context'>,
  address: DockerAddress,
): DockerEndpoint {
  const remoteHost = remoteHostOf(address);
  return { url, ...origin, address, ...(remoteHost === undefined ? {} : { remoteHost }) };
}

function remoteHostOf(address: DockerAddress): string | undefined {
  if (address.kind === 'ssh') return address.destination.replace(/^.*@/, '');
  if (address.kind !== 'tcp') return undefined;
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(address.host) ? undefined : address.host;
}

/** Reads an address as the docker CLI writes it. A bare `host:port` is tcp. Throws USAGE. */
export function parseAddress(
  text: string,
  { source, defaultPort }: { readonly source: string; readonly defaultPort: number },
): DockerAddress {
  const [, given = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(text.trim()) ?? [];
  const scheme = given.toLowerCase();
  if (scheme === 'unix') return { kind: 'unix', path: rest === '' ? defaultSocket.path : rest };
  if (scheme === 'npipe') return { kind: 'npipe', path: rest === '' ? '//./pipe/docker_engine' : rest };
  // A scheme without a default port of its own: URL would drop ":80" from an http one.
  const url = URL.canParse(`ssh://${rest}`) ? new URL(`ssh://${rest}`) : undefined;
  const isKnown = scheme === 'ssh' || (/^(tcp|https?)$/.test(scheme) && /^\/?$/.test(url?.pathname ?? ''));
  if (url === undefined || url.hostname === '' || !isKnown) {
    throw new AppError(
      'USAGE',
      `${source} is "${text}", which is not an engine address. ` +
        'Expected unix:///path, tcp://host:port, ssh://user@host or npipe:////./pipe/name.',
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (scheme !== 'ssh') return { kind: 'tcp', host, port: url.port === '' ? defaultPort : Number(url.port) };
  const user = url.username === '' ? '' : `${decodeURIComponent(url.username)}@`;
  return {
    kind: 'ssh',
    destination: `${user}${host}`,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.pathname === '/' || url.pathname === '' ? {} : { socketPath: url.pathname }),
  };
}

async function fromDefaults(world: ContextWorld): Promise<DockerEndpoint> {
  if (world.platform === 'win32') {
    const address: DockerAddress = { kind: 'npipe', path: '//./pipe/docker_engine' };
    return endpointOf(`npipe://${address.path}`, { source: 'the default pipe' }, address);
  }
  const sockets = socketsOf(world);
  const found = await Promise.all(sockets.map(({ path }) => world.canUse(path)));
  const { path, source } = sockets[found.indexOf(true)] ?? defaultSocket;
  return endpointOf(`unix://${path}`, { source }, { kind: 'unix', path });
}

const defaultSocket = { path: '/var/run/docker.sock', source: 'the default socket' };

/** Sockets of engines that listen without being configured, the docker CLI's own default first. */
function socketsOf({ env, homeFolder }: ContextWorld): readonly { readonly path: string; readonly source: string }[] {
  const runtime = env['XDG_RUNTIME_DIR'] ?? '';
  const inRuntime =
    runtime === ''
      ? []
      : [
          { path: `${runtime}/docker.sock`, source: "the rootless engine's socket" },
          { path: `${runtime}/podman/podman.sock`, source: "Podman's socket" },
        ];
  return [
    defaultSocket,
    ...inRuntime.slice(0, 1),
    { path: `${homeFolder}/.docker/run/docker.sock`, source: "Docker Desktop's socket" },
    { path: `${homeFolder}/.docker/desktop/docker.sock`, source: "Docker Desktop's socket" },
    { path: `${homeFolder}/.orbstack/run/docker.sock`, source: "OrbStack's socket" },
    { path: `${homeFolder}/.rd/docker.sock`, source: "Rancher Desktop's socket" },
    { path: `${homeFolder}/.colima/default/docker.sock`, source: "Colima's socket" },
    { path: `${homeFolder}/.config/colima/default/docker.sock`, source: "Colima's socket" },
    ...inRuntime.slice(1),
    { path: '/run/podman/podman.sock', source: "Podman's socket" },
    { path: `${homeFolder}/.local/share/containers/podman/machine/podman.sock`, source: "Podman's machine" },
  ];
}
