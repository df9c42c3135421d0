import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../errors.js';
import { parseDetails, parseStats, parseSummary } from './container-mapping.js';
import { asStdout, demultiplex, parseJsonLines } from './frames.js';
import type { ContainersApi, ExecOptions, LogsQuery } from '../gateway.js';
import { asList, asNumber, asRecord, asText, asTexts, type Json } from '../../../store/json.js';
import type { Subject, Transport } from './transport.js';
import type { Attachment, ContainerDetails, ExecAttachment, OutputChunk, StatsSample, TerminalSize } from '../types.js';

const isReference = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The path of a container's resource; a text that can be no id or name never reaches the URL. */
function pathOf(ref: string, rest = ''): string {
  if (!isReference.test(ref)) {
    throw new AppError('CONTAINER_NOT_FOUND', `"${ref}" is not a valid container name or ID.`, { details: { ref } });
  }
  return `/containers/${ref}${rest}`;
}

const about = (verb: string, ref: string): Subject => ({ action: `${verb} container ${ref}`, kind: 'container', ref });

/** Containers of an engine. */
export function containersOf(transport: Transport): ContainersApi {
  const post = async (
    verb: string,
    ref: string,
    [rest, query]: [string, Record<string, string | number | undefined>],
  ) => {
    // A container may be given an hour to stop.
    const call = { path: pathOf(ref, rest), query, subject: about(verb, ref), isSlow: query['t'] !== undefined };
    await transport.json({ method: 'POST', ...call });
  };
  return {
    ...lifecycleOf(transport),
    ...streamsOf(transport),
    start: async (id, { signal } = {}) => {
      const call = { path: pathOf(id, '/start'), subject: about('start', id) };
      await transport.json({ method: 'POST', ...call, ...(signal === undefined ? {} : { signal }) });
    },
    stop: (id, options) => post('stop', id, ['/stop', { t: options?.graceSeconds }]),
    kill: (id, signal) => post('kill', id, ['/kill', { signal }]),
    rename: (id, name) => post('rename', id, ['/rename', { name }]),
    restart: (id, options) => post('restart', id, ['/restart', { t: options?.graceSeconds }]),
  };
}

function lifecycleOf(transport: Transport): Pick<ContainersApi, 'list' | 'inspect' | 'create' | 'wait' | 'remove'> {
  return {
    list: async (query = {}) => {
      const filters = query.labels === undefined ? undefined : { label: query.labels };
      const subject: Subject = { action: 'list containers', kind: 'engine' };
      const params = { all: query.all === true, size: query.sizes === true, filters };
      const call = { path: '/containers/json', query: params, subject, isSlow: params.size };
      const answer = await transport.json({ method: 'GET', ...call });
      return asList(answer).map(parseSummary);
    },
    inspect: (ref) => inspect(transport, ref),
    create: async (body, options = {}) => {
      const image = asText(asRecord(body)['Image']);
      const subject: Subject = { action: `create a container of ${image}`, kind: 'engine', ref: image };
      const query = { name: options.name, platform: options.platform };
      const answer = asRecord(
        await transport.json({ method: 'POST', path: '/containers/create', query, body, subject }),
      );
      for (const text of asTexts(answer['Warnings'])) options.onWarning?.(text);
      return asText(answer['Id']);
    },
    wait: async (ref, condition = 'not-running', { signal } = {}) => {
      const call = {
        path: pathOf(ref, '/wait'),
        query: { condition },
        subject: about('wait for', ref),
        isEndless: true,
      };
      const answer = await transport.json({ method: 'POST', ...call, ...(signal === undefined ? {} : { signal }) });
      return asNumber(asRecord(answer)['StatusCode']);
    },
    remove: async (ref, options = {}) => {
      const query = { force: options.force === true, v: options.volumes === true };
      await transport.json({ method: 'DELETE', path: pathOf(ref), query, subject: about('remove', ref) });
    },
  };
}

async function inspect(transport: Transport, ref: string): Promise<ContainerDetails> {
  const subject = about('inspect', ref);
  return parseDetails(await transport.json({ method: 'GET', path: pathOf(ref, '/json'), subject }));
}

function streamsOf(transport: Transport): Pick<ContainersApi, 'logs' | 'attach' | 'exec' | 'stats' | 'sample'> {
  return {
    logs: (ref, query = {}) => readLogs(transport, ref, query),
    attach: async (ref, { stdin, tty }) => {
      const query = { stream: true, stdin, stdout: true, stderr: true };
      const call = { path: pathOf(ref, '/attach'), query, subject: about('attach to', ref) };
      const connection = await transport.hijack({ method: 'POST', ...call });
      return attachmentOf(connection, tty, (size) => resize(transport, pathOf(ref), size));
    },
    exec: (ref, options) => exec(transport, ref, options),
    stats: (ref, { signal } = {}) => readStats(transport, ref, signal),
    sample: (ref) => readSample(transport, ref),
  };
}

async function* readLogs(transport: Transport, ref: string, query: LogsQuery): AsyncGenerator<OutputChunk> {
  const { tty } = await inspect(transport, ref);
  const source = transport.stream({
    method: 'GET',
    path: pathOf(ref, '/logs'),
    query: {
      stdout: true,
      stderr: true,
      follow: query.follow === true,
      timestamps: query.timestamps === true,
      tail: query.tail ?? 'all',
      since: query.sinceSeconds,
      until: query.untilSeconds,
    },
    subject: about('read the logs of', ref),
    ...(query.signal === undefined ? {} : { signal: query.signal }),
  });
  yield* tty ? asStdout(source) : demultiplex(source);
}

/** A second later than the one before: Docker waits for it itself, Podman answers at once and names no time before. */
async function readSample(transport: Transport, ref: string): Promise<StatsSample> {
  const call = { path: pathOf(ref, '/stats'), query: { stream: false }, subject: about('measure', ref) };
  const read = async (): Promise<Json> => asRecord(await transport.json({ method: 'GET', ...call }));
  const first = await read();
  const timeOf = (reading: Json, key: string): number => asNumber(asRecord(reading[key])['system_cpu_usage']);
  if (timeOf(first, 'cpu_stats') === 0 || timeOf(first, 'precpu_stats') > 0) return parseStats(first);
  await sleep(1000);
  return parseStats({ ...(await read()), precpu_stats: first['cpu_stats'] });
}

async function* readStats(transport: Transport, ref: string, signal?: AbortSignal): AsyncGenerator<StatsSample> {
  const call = { path: pathOf(ref, '/stats'), query: { stream: true }, subject: about('measure', ref) };
  const source = transport.stream({ method: 'GET', ...call, ...(signal === undefined ? {} : { signal }) });
  for await (const reading of parseJsonLines(source)) yield parseStats(reading);
}

async function exec(transport: Transport, ref: string, options: ExecOptions): Promise<ExecAttachment> {
  const [tty, stdin] = [options.tty === true, options.stdin === true];
  const size = options.size === undefined ? {} : { ConsoleSize: [options.size.rows, options.size.columns] };
  const subject = about(`run ${options.command[0] ?? 'a command'} in`, ref);
  const body = {
    AttachStdin: stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
    Cmd: options.command,
    Env: options.env ?? [],
    WorkingDir: options.workdir ?? '',
    User: options.user ?? '',
    ...(tty ? size : {}),
  };
  const created = await transport.json({ method: 'POST', path: pathOf(ref, '/exec'), body, subject });
  const path = `/exec/${asText(asRecord(created)['Id'])}`;
  const start = { Detach: false, Tty: tty, ...(tty ? size : {}) };
  const connection = await transport.hijack({ method: 'POST', path: `${path}/start`, body: start, subject });
  return {
    ...attachmentOf(connection, tty, (next) => resize(transport, path, next)),
    exitCode: async () => {
      const answer = await transport.json({ method: 'GET', path: `${path}/json`, subject });
      return asNumber(asRecord(answer)['ExitCode']);
    },
  };
}

async function resize(transport: Transport, path: string, { rows, columns }: TerminalSize): Promise<void> {
  const subject: Subject = { action: 'resize the terminal', kind: 'container' };
  await transport.json({ method: 'POST', path: `${path}/resize`, query: { h: rows, w: columns }, subject });
}

function attachmentOf(connection: Duplex, tty: boolean, resizeTo: Attachment['resize']): Attachment {
  const source = connection as AsyncIterable<Buffer>;
  return {
    output: tty ? asStdout(source) : demultiplex(source),
    input: connection,
    resize: resizeTo,
    close: () => connection.destroy(),
  };
}
