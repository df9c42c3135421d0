import { asLabels, asList, asNumber, asRecord, asText, asTexts, type Json } from '../../../store/json.js';
import { toShortName } from '../reference.js';
import type {
  ContainerDetails,
  ContainerState,
  ContainerStatus,
  ContainerSummary,
  Health,
  PublishedPort,
  StatsSample,
} from '../types.js';

/** Maps one entry of `GET /containers/json`. */
export function parseSummary(json: unknown): ContainerSummary {
  const entry = asRecord(json);
  const health = /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(asText(entry['Status']))?.[1];
  return {
    id: asText(entry['Id']),
    name:
      asTexts(entry['Names'])
        .map((name) => name.replace(/^\//, ''))
        .sort((a, b) => a.split('/').length - b.split('/').length)[0] ?? '',
    image: toShortName(asText(entry['Image'])),
    imageId: asText(entry['ImageID']),
    command: asText(entry['Command']),
    createdAtMs: asNumber(entry['Created']) * 1000,
    state: asText(entry['State']) as ContainerStatus,
    status: asText(entry['Status']),
    ...(health === undefined ? {} : { health: health as Health }),
    ports: asList(entry['Ports']).map(asRecord).map(parseListedPort),
    labels: asLabels(entry['Labels']),
    networks: Object.keys(asRecord(asRecord(entry['NetworkSettings'])['Networks'])),
    ...(typeof entry['SizeRw'] === 'number' ? { sizeBytes: entry['SizeRw'] } : {}),
  };
}

function parseListedPort(port: Json): PublishedPort {
  const hostPort = port['PublicPort'];
  return {
    containerPort: asNumber(port['PrivatePort']),
    protocol: asText(port['Type']),
    ...(typeof hostPort === 'number' ? { hostPort, hostIp: asText(port['IP']) } : {}),
  };
}

/** Maps `GET /containers/{id}/json`. */
export function parseDetails(json: unknown): ContainerDetails {
  const raw = asRecord(json);
  const config = asRecord(raw['Config']);
  const network = asRecord(raw['NetworkSettings']);
  return {
    id: asText(raw['Id']),
    name: asText(raw['Name']).replace(/^\//, ''),
    image: toShortName(asText(config['Image'])),
    imageId: asText(raw['Image']),
    createdAt: asText(raw['Created']),
    state: parseState(asRecord(raw['State'])),
    restartCount: asNumber(raw['RestartCount']),
    labels: asLabels(config['Labels']),
    env: asTexts(config['Env']),
    command: asTexts(config['Cmd']),
    tty: config['Tty'] === true,
    networkMode: asText(asRecord(raw['HostConfig'])['NetworkMode']),
    networks: Object.entries(asRecord(network['Networks'])).map(([name, value]) => ({
      name,
      ip: asText(asRecord(value)['IPAddress']),
      gateway: asText(asRecord(value)['Gateway']),
    })),
    ports: Object.entries(asRecord(network['Ports'])).flatMap(([key, bindings]) => parsePortBindings(key, bindings)),
    raw,
  };
}

function parseState(state: Json): ContainerState {
  const health = asRecord(state['Health']);
  const status = asText(health['Status']);
  return {
    status: asText(state['Status']) as ContainerStatus,
    exitCode: asNumber(state['ExitCode']),
    error: asText(state['Error']),
    oomKilled: state['OOMKilled'] === true,
    pid: asNumber(state['Pid']),
    startedAt: asText(state['StartedAt']),
    finishedAt: asText(state['FinishedAt']),
    ...(status === '' || status === 'none' ? {} : { health: status as Health }),
    healthLog: asList(health['Log'])
      .map(asRecord)
      .map((entry) => ({ exitCode: asNumber(entry['ExitCode']), output: asText(entry['Output']) })),
  };
}

function parsePortBindings(key: string, bindings: unknown): readonly PublishedPort[] {
  const [port = '', protocol = 'tcp'] = key.split('/');
  const exposed = { containerPort: Number(port), protocol };
  const published = asList(bindings).map(asRecord);
  if (published.length === 0) return [exposed];
  return published.map((binding) => ({
    ...exposed,
    hostPort: Number(asText(binding['HostPort'])),
    hostIp: asText(binding['HostIp']),
  }));
}

/** Maps one reading of `GET /containers/{id}/stats`, counted as the docker CLI counts. */
export function parseStats(json: unknown): StatsSample {
  const reading = asRecord(json);
  const memory = asRecord(reading['memory_stats']);
  const networks = Object.values(asRecord(reading['networks'])).map(asRecord);
  const blocks = asList(asRecord(reading['blkio_stats'])['io_service_bytes_recursive']).map(asRecord);
  const sum = (rows: readonly Json[], field: string): number =>
    rows.reduce((total, row) => total + asNumber(row[field]), 0);
  const blocksOf = (op: string): number =>
    sum(
      blocks.filter((row) => asText(row['op']).toLowerCase() === op),
      'value',
    );
  return {
    cpuPercent: cpuPercentOf(asRecord(reading['cpu_stats']), asRecord(reading['precpu_stats'])),
    memoryBytes: memoryOf(memory),
    memoryLimitBytes: asNumber(memory['limit']),
    receivedBytes: sum(networks, 'rx_bytes'),
    sentBytes: sum(networks, 'tx_bytes'),
    readBytes: blocksOf('read'),
    writtenBytes: blocksOf('write'),
    pids: asNumber(asRecord(reading['pids_stats'])['current']),
  };
}

function cpuPercentOf(now: Json, before: Json): number {
  const total = (cpu: Json): number => asNumber(asRecord(cpu['cpu_usage'])['total_usage']);
  const spent = total(now) - total(before);
  const passed = asNumber(now['system_cpu_usage']) - asNumber(before['system_cpu_usage']);
  const cpus = asNumber(now['online_cpus']) || asList(asRecord(now['cpu_usage'])['percpu_usage']).length || 1;
  return passed > 0 && spent > 0 ? (spent / passed) * cpus * 100 : 0;
}

/** Usage without inactive page cache: `total_inactive_file` on cgroup v1, `inactive_file` on v2. */
function memoryOf(memory: Json): number {
  const usage = asNumber(memory['usage']);
  const parts = asRecord(memory['stats']);
  const cache = asNumber(parts['total_inactive_file']) || asNumber(parts['inactive_file']);
  return cache < usage ? usage - cache : usage;
}
