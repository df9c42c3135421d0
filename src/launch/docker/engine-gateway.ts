import { containersOf } from './api/containers.js';
import { openTransport } from './api/dockerode.js';
import type { DockerEndpoint } from './address/endpoint.js';
import { parseJsonLines } from './api/frames.js';
import type { DockerGateway } from './gateway.js';
import { imagesOf } from './api/images.js';
import { asLabels, asList, asNumber, asRecord, asText, type Json, asTexts } from '../../store/json.js';
import { networksOf, volumesOf } from './api/networks.js';
import { swarmOf } from './api/swarm.js';
import type { Subject, Transport } from './api/transport.js';
import type { DiskUsage, EngineEvent, EngineInfo } from './types.js';

const asking: Subject = { action: 'ask the engine', kind: 'engine' };
const measuring: Subject = { action: "measure the engine's disk", kind: 'engine' };

/** The gateway to a real engine. Opens no connection until it is first used. */
export function openGateway(endpoint: DockerEndpoint): DockerGateway {
  const transport = openTransport(endpoint);
  const get = (path: string): Promise<unknown> => transport.json({ method: 'GET', path, subject: asking });
  return {
    endpoint,
    containers: containersOf(transport),
    images: imagesOf(transport),
    networks: networksOf(transport),
    volumes: volumesOf(transport),
    swarm: swarmOf(transport),
    ping: async ({ signal } = {}) => {
      await transport.json({
        method: 'GET',
        path: '/_ping',
        subject: asking,
        ...(signal === undefined ? {} : { signal }),
      });
    },
    info: async () => parseEngineInfo(...(await Promise.all([get('/version'), get('/info')]))),
    events: (query = {}) => readEvents(transport, query),
    diskUsage: async () =>
      parseDiskUsage(await transport.json({ method: 'GET', path: '/system/df', subject: measuring, isSlow: true })),
    pruneBuildCache: async () => {
      const subject: Subject = { action: 'prune the build cache', kind: 'engine' };
      const answer = await transport.json({ method: 'POST', path: '/build/prune', subject, isSlow: true });
      return asNumber(asRecord(answer)['SpaceReclaimed']);
    },
  };
}

async function* readEvents(
  transport: Transport,
  query: Parameters<DockerGateway['events']>[0] & object,
): AsyncGenerator<EngineEvent> {
  const source = transport.stream({
    method: 'GET',
    path: '/events',
    query: {
      since: query.sinceSeconds,
      until: query.untilSeconds,
      filters: query.labels === undefined ? undefined : { label: query.labels },
    },
    subject: { action: 'read events', kind: 'engine' },
    ...(query.signal === undefined ? {} : { signal: query.signal }),
  });
  for await (const line of parseJsonLines(source)) yield parseEvent(asRecord(line));
}

function parseEvent(event: Json): EngineEvent {
  const actor = asRecord(event['Actor']);
  return {
    timeMs: Math.floor(asNumber(event['timeNano']) / 1e6),
    type: asText(event['Type']),
    action: asText(event['Action']),
    id: asText(actor['ID']),
    attributes: asLabels(actor['Attributes']),
  };
}

/** Maps `GET /system/df`. */
function parseDiskUsage(json: unknown): DiskUsage {
  const usage = asRecord(json);
  const rows = (key: string): readonly Json[] => asList(usage[key]).map(asRecord);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const cache = rows('BuildCache');
  return {
    imagesBytes: asNumber(usage['LayersSize']),
    containersBytes: sum(rows('Containers').map((row) => asNumber(row['SizeRw']))),
    volumesBytes: sum(rows('Volumes').map((row) => Math.max(0, asNumber(asRecord(row['UsageData'])['Size'])))),
    buildCacheBytes: sum(cache.map((row) => asNumber(row['Size']))),
    reclaimableBuildCacheBytes: sum(
      cache.filter((row) => row['InUse'] !== true && row['Shared'] !== true).map((row) => asNumber(row['Size'])),
    ),
  };
}

const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** Maps `GET /version` and `GET /info` of Docker 20.10 and later, of Docker Desktop and of Podman. */
export function parseEngineInfo(versionJson: unknown, infoJson: unknown): EngineInfo {
  const [version, info] = [asRecord(versionJson), asRecord(infoJson)];
  const architecture = asText(info['Architecture']);
  const securityOptions = asTexts(info['SecurityOptions']);
  return {
    kind: kindOf(version, info),
    version: asText(info['ServerVersion']) || asText(version['Version']),
    apiVersion: asText(version['ApiVersion']),
    minApiVersion: asText(version['MinAPIVersion']),
    osType: asText(info['OSType']) || asText(version['Os']),
    operatingSystem: asText(info['OperatingSystem']),
    architecture: architectures[architecture] ?? architecture,
    kernel: asText(info['KernelVersion']),
    hostname: asText(info['Name']),
    cpus: asNumber(info['NCPU']),
    memoryBytes: asNumber(info['MemTotal']),
    rootless: info['Rootless'] === true || securityOptions.some((option) => /^(name=)?rootless$/.test(option)),
    runtimes: Object.keys(asRecord(info['Runtimes'])).sort(),
    defaultRuntime: asText(info['DefaultRuntime']),
    ...parseCdi(info),
    cgroupDriver: asText(info['CgroupDriver']),
    cgroupVersion: asText(info['CgroupVersion']),
    storageDriver: asText(info['Driver']),
    dataRoot: asText(info['DockerRootDir']),
    securityOptions,
    ...(typeof info['IndexServerAddress'] === 'string' ? { indexServer: info['IndexServerAddress'] } : {}),
    warnings: asTexts(info['Warnings']),
  };
}

function parseCdi(info: Json): Pick<EngineInfo, 'cdiDevices' | 'cdiSpecDirs'> {
  const devices = info['DiscoveredDevices'];
  const dirs = info['CDISpecDirs'];
  const names = asList(devices)
    .map(asRecord)
    .filter((device) => device['Source'] === 'cdi')
    .map((device) => asText(device['ID']));
  return {
    ...(devices === undefined ? {} : { cdiDevices: names }),
    ...(dirs === undefined ? {} : { cdiSpecDirs: asTexts(dirs) }),
  };
}

function kindOf(version: Json, info: Json): EngineInfo['kind'] {
  const names = asList(version['Components']).map((part) => asText(asRecord(part)['Name']));
  if (names.includes('Podman Engine')) return 'podman';
  const platform = asText(asRecord(version['Platform'])['Name']);
  const isDesktop = info['OperatingSystem'] === 'Docker Desktop' || platform.startsWith('Docker Desktop');
  return isDesktop ? 'desktop' : 'docker';
}
