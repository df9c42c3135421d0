import { stringify } from 'yaml';
import { containerLabels } from '../labels.js';
import type { ComposeRequest, ComposeService } from './request.js';

/** The Compose Specification's file, as far as it is written here. */
export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly networks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const serverPort = 8000;

/** The servers side by side on one network, each locked down as `launch` does it, with a read-only root besides. */
export function toComposeFile(request: ComposeRequest): ComposeFile {
  const { project, services, network } = request;
  return {
    name: project,
    services: Object.fromEntries(services.map((service) => [service.name, toService(service, request)])),
    networks: { [network]: {} },
  };
}

/** The file's text, with what to type in its first lines. */
export function formatCompose(request: ComposeRequest): string {
  const [first] = request.services;
  const body = stringify(toComposeFile(request), { lineWidth: 0, aliasDuplicateObjects: false, singleQuote: true });
  const lines = [
    '# Made by: launch export compose. Start: docker compose up -d --wait    Stop: docker compose down',
    `# From this machine http://${request.hostIp}:${first?.hostPort ?? serverPort}; on the network "${request.network}" http://${first?.name ?? ''}:${serverPort}`,
  ];
  return `${lines.join('\n')}\n${body}`;
}

function toService(service: ComposeService, request: ComposeRequest): Readonly<Record<string, unknown>> {
  const { image, build, variant, network, hostIp, env } = request;
  const gpu = gpuParts(request);
  const environment = { ...gpu.environment, ...env };
  return {
    image,
    ...(build === undefined ? {} : { build }),
    restart: 'unless-stopped',
    // More than the server's own 30 s for requests that run.
    stop_grace_period: '40s',
    ports: [`${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:${service.hostPort}:${serverPort}`],
    networks: [network],
    ...volumes(service),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
    read_only: true,
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    labels: {
      [containerLabels.managed]: 'true',
      [containerLabels.variant]: variant,
      [containerLabels.gpuPath]: request.gpu?.path ?? '',
      [containerLabels.port]: String(serverPort),
    },
    ...gpu.service,
  };
}

function volumes({ folder, isReadOnly }: ComposeService): Readonly<Record<string, unknown>> {
  if (folder === undefined) return {};
  // Without this a mistyped folder would be made, empty and root's.
  const bind = { create_host_path: false };
  return { volumes: [{ type: 'bind', source: folder, target: '/srv', read_only: isReadOnly, bind }] };
}

interface GpuParts {
  readonly service: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string>>;
}

function gpuParts({ gpu }: ComposeRequest): GpuParts {
  if (gpu === undefined) return { service: {}, environment: {} };
  const environment = { SLIPWAY_REQUIRE_GPU: 'true' };
  const { path, selection } = gpu;
  const ids = selection.kind === 'ids' ? selection.ids : undefined;
  if (path === 'runtime') {
    const visible = selection.kind === 'count' ? countedIds(selection.count) : (ids ?? ['all']);
    return {
      service: { runtime: 'nvidia' },
      environment: { ...environment, NVIDIA_VISIBLE_DEVICES: visible.join(',') },
    };
  }
  return { service: { deploy: { resources: { reservations: { devices: [reservation(gpu, ids)] } } } }, environment };
}

function reservation(
  { path, selection }: NonNullable<ComposeRequest['gpu']>,
  ids: readonly string[] | undefined,
): Readonly<Record<string, unknown>> {
  if (path === 'cdi') {
    const names = selection.kind === 'count' ? countedIds(selection.count) : (ids ?? ['all']);
    return { driver: 'cdi', device_ids: names.map((id) => `nvidia.com/gpu=${id}`), capabilities: ['gpu'] };
  }
  const which =
    ids === undefined ? { count: selection.kind === 'count' ? selection.count : 'all' } : { device_ids: ids };
  return { driver: 'nvidia', ...which, capabilities: ['gpu'] };
}

/** The first GPUs, for ways that know no count. */
function countedIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}
