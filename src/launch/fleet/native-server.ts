import { AppError } from '../../errors.js';
import { measureProcess } from '../native/process.js';
import type { NativeServer } from '../native/read-server.js';
import type { NativeRunner } from '../native/runner.js';
import type { NativeRequest } from '../native/state.js';
import { basePathFrom, isTlsFrom } from '../request/server-options.js';
import { urlOf } from '../session/address.js';
import { askDevices, isUpState, type Server, type ServerFacts } from './server.js';

/** A server without a container, kept by a supervisor of this machine. */
export function nativeServer(runner: NativeRunner, record: NativeServer): Server {
  const { request, pid } = record;
  const { name } = request;
  const facts = factsOf(record);
  return {
    name,
    facts,
    labels: request.labels,
    isOwn: true,
    isUp: isUpState(record.status),
    hasId: () => false,
    url: () => Promise.resolve(urlFor(record)),
    measure: async () => (record.status === 'running' ? { ...facts, ...(await askDevices(urlFor(record))) } : facts),
    inspect: () => Promise.resolve({ ...facts, idName: 'process', commandLine: request.args.join(' '), raw: record }),
    start: async () => {
      await runner.start(readable(record));
    },
    stop: (grace) => runner.stop(name, grace),
    restart: async (grace) => {
      readable(record);
      await runner.stop(name, grace);
      await runner.start(request);
    },
    kill: (signal) => runner.kill(name, signal),
    remove: (options) => runner.remove(name, options),
    logs: (query) => runner.logs(name, query),
    sample: async () => {
      const usage = pid === undefined ? undefined : await measureProcess(pid);
      if (usage === undefined) return {};
      return { cpuPercent: usage.cpuPercent, memoryBytes: usage.memoryBytes, pids: usage.threads };
    },
    exec: ({ command: [word = 'it'] }) => {
      const text = `${name} runs without a container: its processes are this machine's own. Run ${word} here.`;
      throw new AppError('USAGE', text);
    },
  };
}

/** What it was asked to be. Throws where that cannot be read: something else would be started. */
function readable({ request, isUnreadable }: NativeServer): NativeRequest {
  if (isUnreadable !== true) return request;
  const { name } = request;
  const text = `What ${name} was started with cannot be read any more: launch rm ${name}, then launch it with its flags.`;
  throw new AppError('DOCKER_REFUSED', text, { details: { name } });
}

function urlFor({ request: { host, port, env, args } }: NativeServer): string {
  return urlOf(host, port, isTlsFrom(env, args)) + basePathFrom(env, args);
}

function factsOf(record: NativeServer): ServerFacts {
  const { request, status, pid, startedAtMs, exitCode, restarts, createdAtMs, successorPid } = record;
  const isUnreadable = record.isUnreadable === true;
  const unreadable = `unreadable (launch rm${status === 'exited' ? '' : ' -f'})`;
  const { name, host, port } = request;
  return {
    kind: 'native',
    name,
    id: pid === undefined ? '-' : String(pid),
    variant: 'native',
    device: 'auto',
    isMeasured: false,
    state: isUnreadable ? unreadable : successorPid === undefined ? status : 'replacing',
    ports: isUnreadable ? [] : [{ containerPort: port, protocol: 'tcp', hostPort: port, hostIp: host }],
    createdAtMs,
    upSinceMs: status === 'running' ? startedAtMs : undefined,
    exitCode: status === 'exited' ? exitCode : undefined,
    restarts,
  };
}
