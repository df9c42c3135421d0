import { AppError } from '../../../errors.js';
import { asList, asRecord, asText } from '../../../store/json.js';
import type { LogsQuery, ServiceCallOptions, SwarmApi } from '../gateway.js';
import type { ReplicaChunk } from '../swarm-types.js';
import type { OutputChunk } from '../types.js';
import { demultiplex } from './frames.js';
import { parseLogLine, parseNode, parseService, parseSwarmFile, parseSwarmState, parseTask } from './swarm-mapping.js';
import type { Call, Subject, Transport } from './transport.js';

const about = (action: string, ref?: string): Subject => ({
  action,
  kind: 'service',
  ...(ref === undefined ? {} : { ref }),
});

/** The Swarm that an engine is a manager of. */
export function swarmOf(transport: Transport): SwarmApi {
  const get = (path: string, action: string, filters?: object): Promise<unknown> =>
    transport.json({ method: 'GET', path, query: { filters }, subject: about(action) });
  return {
    state: async () => parseSwarmState(await get('/info', 'ask the engine')),
    nodes: async () => asList(await get('/nodes', 'list the nodes of the Swarm')).map(parseNode),
    list: async ({ labels } = {}) => {
      const filters = labels === undefined ? undefined : { label: labels };
      return asList(await get('/services', 'list services', filters)).map(parseService);
    },
    ...changesOf(transport),
    tasks: async (serviceIds) => {
      if (serviceIds?.length === 0) return [];
      const filters = serviceIds === undefined ? undefined : { service: serviceIds };
      return asList(await get('/tasks', 'list replicas', filters)).map(parseTask);
    },
    logs: (id, query = {}) => readServiceLogs(transport, id, query),
    taskLogs: (id, query = {}) => demultiplex(openLogs(transport, `/tasks/${pathPart(id)}/logs`, query)),
    ...filesOf(transport),
    digestOf: (ref, options = {}) => readDigest(transport, ref, options),
  };
}

/** An id or a name in a path. */
function pathPart(ref: string): string {
  return encodeURIComponent(ref);
}

function changesOf(transport: Transport): Pick<SwarmApi, 'find' | 'create' | 'update' | 'rollback' | 'remove'> {
  const post = (path: string, action: string, more: Partial<Call>): Promise<unknown> =>
    transport.json({ method: 'POST', path, subject: about(action), ...more });
  return {
    find: async (ref) => {
      const path = `/services/${pathPart(ref)}`;
      const answer = await transport
        .json({ method: 'GET', path, subject: about('inspect service', ref) })
        .catch((thrown: unknown) => {
          if (thrown instanceof AppError && thrown.code === 'NOT_FOUND') return undefined;
          throw thrown;
        });
      return answer === undefined ? undefined : parseService(answer);
    },
    create: async (spec, options = {}) => {
      const action = `create service ${asText(asRecord(spec)['Name'])}`;
      const answer = await post('/services/create', action, { body: spec, ...authOf(options) });
      return asText(asRecord(answer)['ID']);
    },
    update: async ({ id, version }, spec, options = {}) => {
      const action = `update service ${asText(asRecord(spec)['Name'])}`;
      await post(`/services/${pathPart(id)}/update`, action, { query: { version }, body: spec, ...authOf(options) });
    },
    rollback: async ({ id, name, version, spec }) => {
      const query = { version, rollback: 'previous', registryAuthFrom: 'previous-spec' };
      await post(`/services/${pathPart(id)}/update`, `roll back service ${name}`, { query, body: spec });
    },
    remove: async (id) => {
      const path = `/services/${pathPart(id)}`;
      await transport.json({ method: 'DELETE', path, subject: about(`remove service ${id}`, id) });
    },
  };
}

function authOf({ auth }: ServiceCallOptions): Pick<Call, 'auth'> {
  return auth === undefined ? {} : { auth };
}

function filesOf(transport: Transport): Pick<SwarmApi, 'files' | 'createFile' | 'removeFile'> {
  return {
    files: async (kind, { labels } = {}) => {
      const query = { filters: labels === undefined ? undefined : { label: labels } };
      const answer = await transport.json({ method: 'GET', path: `/${kind}`, query, subject: about(`list ${kind}`) });
      return asList(answer).map(parseSwarmFile);
    },
    createFile: async (kind, { name, labels, data }) => {
      const body = { Name: name, Labels: labels, Data: data.toString('base64') };
      const subject = about(`create ${kind.slice(0, -1)} ${name}`, name);
      return asText(asRecord(await transport.json({ method: 'POST', path: `/${kind}/create`, body, subject }))['ID']);
    },
    removeFile: async (kind, id) => {
      const subject = about(`remove ${kind.slice(0, -1)} ${id}`, id);
      await transport.json({ method: 'DELETE', path: `/${kind}/${pathPart(id)}`, subject });
    },
  };
}

/** A registry that does not answer, or is none, is no fault: the image may be on the nodes. */
async function readDigest(transport: Transport, ref: string, options: ServiceCallOptions): Promise<string | undefined> {
  const path = `/distribution/${ref.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':')}/json`;
  const call: Call = { method: 'GET', path, subject: about(`look for ${ref}`, ref), ...authOf(options) };
  const answer = await transport.json(call).catch(() => undefined);
  const digest = asText(asRecord(asRecord(answer)['Descriptor'])['digest']);
  return digest === '' ? undefined : digest;
}

function openLogs(transport: Transport, path: string, query: LogsQuery & { details?: boolean }): AsyncIterable<Buffer> {
  const { follow, timestamps, tail, sinceSeconds: since, untilSeconds: until, details, signal } = query;
  return transport.stream({
    method: 'GET',
    path,
    query: {
      stdout: true,
      stderr: true,
      follow: follow === true,
      timestamps: timestamps === true,
      details: details === true,
      tail: tail ?? 'all',
      since,
      until,
    },
    subject: about('read logs'),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function* readServiceLogs(transport: Transport, id: string, query: LogsQuery): AsyncGenerator<ReplicaChunk> {
  const source = openLogs(transport, `/services/${pathPart(id)}/logs`, { ...query, details: true });
  const rests = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  const toChunk = (stream: OutputChunk['stream'], line: string): ReplicaChunk => {
    const { taskId, text } = parseLogLine(line, query.timestamps === true);
    return { stream, taskId, data: Buffer.from(text) };
  };
  for await (const { stream, data } of demultiplex(source)) {
    let rest = Buffer.concat([rests[stream], data]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield toChunk(stream, rest.subarray(0, end + 1).toString());
      rest = rest.subarray(end + 1);
    }
    rests[stream] = rest;
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    if (rests[stream].length > 0) yield toChunk(stream, `${rests[stream].toString()}\n`);
  }
}
