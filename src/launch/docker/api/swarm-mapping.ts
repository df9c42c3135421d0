import { asLabels, asList, asNumber, asRecord, asText, type Json } from '../../../store/json.js';
import { containerLabels } from '../../labels.js';
import type {
  ServicePort,
  SwarmFile,
  SwarmNode,
  SwarmService,
  SwarmState,
  SwarmTask,
  UpdateState,
} from '../swarm-types.js';

/** Maps the Swarm's part of `GET /info`. */
export function parseSwarmState(info: unknown): SwarmState {
  const swarm = asRecord(asRecord(info)['Swarm']);
  return {
    role: roleOf(asText(swarm['LocalNodeState']), swarm['ControlAvailable'] === true),
    managers: asList(swarm['RemoteManagers']).map((manager) => asText(asRecord(manager)['Addr'])),
    nodeId: asText(swarm['NodeID']),
    nodeCount: asNumber(swarm['Nodes']),
  };
}

function roleOf(state: string, isManager: boolean): SwarmState['role'] {
  if (state === 'active') return isManager ? 'manager' : 'worker';
  if (state === 'locked') return 'locked';
  return state === 'pending' || state === 'error' ? 'unsettled' : 'none';
}

/** Maps one entry of `GET /nodes`. */
export function parseNode(json: unknown): SwarmNode {
  const node = asRecord(json);
  const description = asRecord(node['Description']);
  const status = asRecord(node['Status']);
  return {
    id: asText(node['ID']),
    hostname: asText(description['Hostname']),
    address: asText(status['Addr']),
    isAvailable: status['State'] === 'ready' && asRecord(node['Spec'])['Availability'] === 'active',
    genericResources: countByKind(asList(asRecord(description['Resources'])['GenericResources']).map(asRecord)),
  };
}

/** A kind is offered as a number, or by the names of its pieces. */
function countByKind(entries: readonly Json[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const entry of entries) {
    const discrete = asRecord(entry['DiscreteResourceSpec']);
    const named = asRecord(entry['NamedResourceSpec']);
    const kind = asText(discrete['Kind']) || asText(named['Kind']);
    counts[kind] = (counts[kind] ?? 0) + (named['Kind'] === undefined ? asNumber(discrete['Value']) : 1);
  }
  return counts;
}

/** Maps one entry of `GET /services`. */
export function parseService(json: unknown): SwarmService {
  const raw = asRecord(json);
  const spec = asRecord(raw['Spec']);
  const update = asRecord(raw['UpdateStatus']);
  const previousSpec = raw['PreviousSpec'];
  return {
    id: asText(raw['ID']),
    name: asText(spec['Name']),
    version: asNumber(asRecord(raw['Version'])['Index']),
    createdAtMs: Date.parse(asText(raw['CreatedAt'])),
    labels: asLabels(spec['Labels']),
    replicas: replicasOf(spec),
    replicaVersion: versionOf(spec['TaskTemplate']),
    ports: parsePorts(asRecord(raw['Endpoint'])['Ports'] ?? asRecord(spec['EndpointSpec'])['Ports']),
    update: { state: (asText(update['State']) || 'none') as UpdateState, message: asText(update['Message']) },
    spec,
    ...(previousSpec === undefined ? {} : previousOf(asRecord(previousSpec))),
    raw,
  };
}

function replicasOf(spec: Json): number {
  return asNumber(asRecord(asRecord(spec['Mode'])['Replicated'])['Replicas']);
}

function previousOf(
  previousSpec: Json,
): Pick<SwarmService, 'previousSpec' | 'previousReplicas' | 'previousReplicaVersion'> {
  const previousReplicaVersion = versionOf(previousSpec['TaskTemplate']);
  return { previousSpec, previousReplicas: replicasOf(previousSpec), previousReplicaVersion };
}

/** A fingerprint of ours, and how often all replicas were replaced by their like. */
function versionOf(template: unknown): string {
  const { ContainerSpec, ForceUpdate } = asRecord(template);
  const config = asLabels(asRecord(ContainerSpec)['Labels'])[containerLabels.config] ?? '';
  return `${config} ${asNumber(ForceUpdate)}`;
}

/** A node tells a port once for each of its families of addresses; here it stands once. */
function parsePorts(list: unknown): readonly ServicePort[] {
  const ports = asList(list)
    .map(asRecord)
    .map((port): ServicePort => {
      const published = asNumber(port['PublishedPort']);
      return {
        target: asNumber(port['TargetPort']),
        ...(published === 0 ? {} : { published }),
        protocol: asText(port['Protocol']),
        mode: port['PublishMode'] === 'host' ? 'host' : 'ingress',
      };
    });
  return [...new Map(ports.map((port) => [JSON.stringify(port), port])).values()];
}

/** Maps one entry of `GET /tasks`. */
export function parseTask(json: unknown): SwarmTask {
  const task = asRecord(json);
  const status = asRecord(task['Status']);
  const exitCode = asRecord(status['ContainerStatus'])['ExitCode'];
  return {
    id: asText(task['ID']),
    serviceId: asText(task['ServiceID']),
    replicaVersion: versionOf(task['Spec']),
    slot: asNumber(task['Slot']),
    nodeId: asText(task['NodeID']),
    state: asText(status['State']),
    desiredState: asText(task['DesiredState']),
    error: asText(status['Err']),
    ...(typeof exitCode === 'number' ? { exitCode } : {}),
    createdAtMs: Date.parse(asText(task['CreatedAt'])),
    sinceMs: Date.parse(asText(status['Timestamp'])),
    ports: parsePorts(asRecord(status['PortStatus'])['Ports']),
  };
}

/** Maps one entry of `GET /secrets` or `GET /configs`. */
export function parseSwarmFile(json: unknown): SwarmFile {
  const file = asRecord(json);
  return { id: asText(file['ID']), name: asText(asRecord(file['Spec'])['Name']) };
}

/** The task that a line of a service's log names before it (`...task.id=7ayjo... text`), and the line without that. */
export function parseLogLine(line: string, hasTime: boolean): { readonly taskId: string; readonly text: string } {
  const match = (hasTime ? /^(\S+ )(\S*task\.id=(\w+)\S*) / : /^()(\S*task\.id=(\w+)\S*) /).exec(line);
  if (match === null) return { taskId: '', text: line };
  return { taskId: match[3] ?? '', text: (match[1] ?? '') + line.slice(match[0].length) };
}
