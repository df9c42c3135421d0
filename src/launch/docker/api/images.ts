import type { Readable } from 'node:stream';
import { AppError } from '../../../errors.js';
import { omitUndefined } from '../../../omit-undefined.js';
import { toStreamError } from '../faults.js';
import { parseJsonLines } from './frames.js';
import type { ClassicBuildOptions, ImagesApi, TransferOptions } from '../gateway.js';
import { parseHistory, parseImage, parseImageSummary, parseProgress } from './image-mapping.js';
import { asList, asRecord, asText } from '../../../store/json.js';
import { parseReference } from '../reference.js';
import type { Call, Subject, Transport } from './transport.js';
import type { ImageProgress } from '../types.js';

/** The path of an image's resource. Slashes and the port's colon stay, as the engine expects them. */
function pathOf(ref: string, rest = ''): string {
  if (ref === '' || ref.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new AppError('IMAGE_MISSING', `"${ref}" is not a valid image name or ID.`, { details: { ref } });
  }
  const encoded = encodeURIComponent(ref).replace(/%2F/g, '/').replace(/%3A/g, ':').replace(/%40/g, '@');
  return `/images/${encoded}${rest}`;
}

const about = (action: string, ref: string): Subject => ({ action: `${action} ${ref}`, kind: 'image', ref });

/** Images of an engine. */
export function imagesOf(transport: Transport): ImagesApi {
  return {
    ...readersOf(transport),
    pull: (ref, options = {}) => pull(transport, ref, options),
    push: (ref, options = {}) => push(transport, ref, options),
    build: (context, options) => build(transport, context, options),
    tag: async (ref, target) => {
      const { name, tag } = parseReference(target);
      const query = { repo: name, tag: tag ?? 'latest' };
      await transport.json({ method: 'POST', path: pathOf(ref, '/tag'), query, subject: about('tag image', ref) });
    },
    remove: async (ref, options = {}) => {
      const call = { path: pathOf(ref), query: { force: options.force === true }, subject: about('remove image', ref) };
      const answer = await transport.json({ method: 'DELETE', ...call });
      return asList(answer).flatMap((entry) =>
        Object.entries(asRecord(entry)).map(([verb, id]) => `${verb}: ${asText(id)}`),
      );
    },
  };
}

function readersOf(transport: Transport): Pick<ImagesApi, 'list' | 'inspect' | 'history'> {
  return {
    list: async ({ labels, dangling } = {}) => {
      const filters = {
        ...(labels === undefined ? {} : { label: labels }),
        ...(dangling === undefined ? {} : { dangling: [String(dangling)] }),
      };
      const subject: Subject = { action: 'list images', kind: 'engine' };
      const query = { filters: Object.keys(filters).length === 0 ? undefined : filters };
      return asList(await transport.json({ method: 'GET', path: '/images/json', query, subject })).map(
        parseImageSummary,
      );
    },
    inspect: async (ref) => {
      const subject = about('inspect image', ref);
      return parseImage(await transport.json({ method: 'GET', path: pathOf(ref, '/json'), subject }));
    },
    history: async (ref) => {
      const subject = about('read the history of image', ref);
      return asList(await transport.json({ method: 'GET', path: pathOf(ref, '/history'), subject })).map(parseHistory);
    },
  };
}

async function pull(transport: Transport, ref: string, options: TransferOptions): Promise<void> {
  const { name, tag, digest } = parseReference(ref);
  const query = { fromImage: name, tag: digest ?? tag ?? 'latest', platform: options.platform };
  const subject: Subject = { action: `pull image ${ref}`, kind: 'pull', ref };
  const call = { path: '/images/create', query, subject };
  await follow(transport, { method: 'POST', ...call, ...authOf(options) }, options.onProgress);
}

async function push(transport: Transport, ref: string, options: TransferOptions): Promise<void> {
  const { name, tag } = parseReference(ref);
  const call = { path: pathOf(name, '/push'), query: { tag: tag ?? 'latest' }, subject: about('push image', ref) };
  await follow(transport, { method: 'POST', ...call, ...authOf(options) }, options.onProgress);
}

/** A push without credentials still has to carry the header. */
function authOf({ auth, signal }: TransferOptions): Pick<Call, 'auth' | 'signal'> {
  return { auth: auth ?? {}, ...(signal === undefined ? {} : { signal }) };
}

async function build(transport: Transport, context: Readable, options: ClassicBuildOptions): Promise<string> {
  const call: Call = {
    method: 'POST',
    path: '/build',
    upload: context,
    query: {
      dockerfile: options.dockerfile,
      t: options.tags,
      buildargs: options.buildArgs,
      labels: options.labels,
      target: options.target,
      platform: options.platform,
      nocache: options.noCache === true,
      pull: options.pull === true,
      rm: true,
      forcerm: true,
    },
    subject: { action: `build ${options.tags[0] ?? options.dockerfile}`, kind: 'build' },
    ...omitUndefined({ registries: options.registries, signal: options.signal }),
  };
  const id = await follow(transport, call, options.onProgress);
  if (id === undefined) throw new AppError('BUILD_FAILED', 'The engine ended the build without naming an image.');
  return id;
}

/** Reads a progress stream to its end. Answers the id of the image that a build made. Throws at an error line. */
async function follow(
  transport: Transport,
  call: Call,
  onProgress: ((progress: ImageProgress) => void) | undefined,
): Promise<string | undefined> {
  let id: string | undefined;
  for await (const line of parseJsonLines(transport.stream(call))) {
    const fields = asRecord(line);
    const error = asText(asRecord(fields['errorDetail'])['message']) || asText(fields['error']);
    if (error !== '') throw toStreamError(error, call.subject);
    const made = asText(asRecord(fields['aux'])['ID']);
    if (made !== '') id = made;
    const progress = parseProgress(fields);
    if (progress !== undefined) onProgress?.(progress);
  }
  if (call.signal?.aborted === true) throw new AppError('CLIENT_GONE', `Stopped: ${call.subject.action}.`);
  return id;
}
