import { idsOf } from '../request/flags/gpus.js';
import { containerLabels } from '../labels.js';
import type { ComposeRequest, ComposeService } from './compose-request.js';
import { forCompose } from './reader-escapes.js';
import { writeYaml } from './yaml.js';

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
  const file = {
    name: project,
    services: Object.fromEntries(services.map((service) => [service.name, toService(service, request)])),
    networks: { [network]: {} },
  };
  return forCompose(file);
}

/** The file's text, with what to type in its first lines. */
export function formatCompose(request: ComposeRequest): string {
  const [first] = request.services;
  const lines = [
    'Made by: launch export compose. Start: docker compose up -d --wait    Stop: docker compose down',
    `From this machine http://${request.hostIp}:${first?.hostPort ?? serverPort}; on the network "${request.network}" http://${first?.name ?? ''}:${serverPort}`,
    'For docker compose alone: docker stack deploy (Swarm) passes over restart, tmpfs and security_opt, and Kubernetes reads no Compose file.',
  ];
  return writeYaml([toComposeFile(request)], lines);
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
  // On CDI a default runtime of nvidia would add the GPUs that the image's own value names.
  const visible = gpu.path === 'cdi' ? 'void' : idsOf(gpu.selection).join(',');
  const environment = { SLIPWAY_REQUIRE_GPU: 'true', NVIDIA_VISIBLE_DEVICES: visible };
  if (gpu.path === 'runtime') return { service: { runtime: 'nvidia' }, environment };
  return { service: { deploy: { resources: { reservations: { devices: [reservation(gpu)] } } } }, environment };
}

function reservation({ path, selection }: NonNullable<ComposeRequest['gpu']>): Readonly<Record<string, unknown>> {
  if (path === 'cdi') {
    const names = idsOf(selection).map((id) => `nvidia.com/gpu=${id}`);
    return { driver: 'cdi', device_ids: names, capabilities: ['gpu'] };
  }
  const count = selection.kind === 'count' ? selection.count : 'all';
  const which = selection.kind === 'ids' ? { device_ids: selection.ids } : { count };
  return { driver: 'nvidia', ...which, capabilities: ['gpu'] };
}
