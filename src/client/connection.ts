import { AppError } from '../errors.js';
import { buildPath } from '../protocol/paths.js';
import type { RepositoryIndexEntry } from '../protocol/types.js';
import { toAnswerError } from './answer-error.js';
import { openHttp, type CallOptions, type HttpClient, type HttpClientOptions } from './http.js';
import { openModel, parseBody, type ModelClient } from './model.js';

/** What `GET /v2` tells of a server. */
export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** An open connection to one server. */
export interface Connection {
  readonly url: string;
  /** Whether this call started the server; it runs on after `close`. */
  readonly wasLaunched: boolean;
  /** A model's calls; a version only where not the highest ready one is meant. Asks nothing yet. */
  model(name: string, version?: string): ModelClient;
  /** Every model version that the server knows, with its state. */
  models(options?: CallOptions): Promise<readonly RepositoryIndexEntry[]>;
  metadata(options?: CallOptions): Promise<ServerMetadata>;
  isLive(options?: CallOptions): Promise<boolean>;
  isReady(options?: CallOptions): Promise<boolean>;
  /** Closes the kept connections; the server runs on. */
  close(): void;
}

/** A connection over an address; connects when first used. */
export function openConnection(
  url: string,
  options: HttpClientOptions & { readonly wasLaunched: boolean },
): Connection {
  const { wasLaunched, ...httpOptions } = options;
  const http = openHttp(url, httpOptions);
  const isGood = async (kind: 'live' | 'ready', call: CallOptions = {}): Promise<boolean> =>
    (await http.send({ retries: 0, ...call, method: 'GET', path: buildPath(kind) })).status === 200;
  return {
    url: http.url,
    wasLaunched,
    model: (name, version) => openModel(http, name, version),
    models: (call) => listModels(http, call),
    metadata: (call) => readMetadata(http, call),
    isLive: (call) => isGood('live', call),
    isReady: (call) => isGood('ready', call),
    close: () => http.close(),
  };
}

async function listModels(http: HttpClient, call: CallOptions = {}): Promise<readonly RepositoryIndexEntry[]> {
  const answer = await http.send({ ...call, method: 'POST', path: buildPath('repository-index') });
  if (answer.status !== 200) throw toAnswerError(answer, 'the list of models');
  return parseBody(answer) as readonly RepositoryIndexEntry[];
}

/** Asks who answers. Throws SERVER_UNREACHABLE where it is no server of the protocol. */
async function readMetadata(http: HttpClient, call: CallOptions = {}): Promise<ServerMetadata> {
  const answer = await http.send({ ...call, method: 'GET', path: buildPath('server') });
  if (answer.status === 401 || answer.status === 403) throw toAnswerError(answer, http.url);
  const fields = answer.status === 200 ? parseOrNothing(answer.body) : undefined;
  if (typeof fields?.name === 'string') return { version: '', extensions: [], ...fields, name: fields.name };
  const text = `Something answers at ${http.url}, but it is not a server of the Open Inference Protocol (GET /v2 gave ${answer.status}).`;
  throw new AppError('SERVER_UNREACHABLE', text, { details: { url: http.url, status: answer.status } });
}

function parseOrNothing(body: Buffer): Partial<ServerMetadata> | undefined {
  try {
    return JSON.parse(body.toString()) as Partial<ServerMetadata>;
  } catch {
    return undefined;
  }
}
