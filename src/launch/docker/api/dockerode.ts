import Docker from 'dockerode';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { AppError, messageOf } from '../../../errors.js';
import { omitUndefined } from '../../../omit-undefined.js';
import type { DockerEndpoint } from '../address/endpoint.js';
import { toDockerError } from '../faults.js';
import { openSshAgent } from '../address/ssh-agent.js';
import { Patience, usualLimits, type Limits } from './limits.js';
import type { Call, Transport } from './transport.js';

/** The engine's client. No API version is pinned: each engine is spoken to in its own. One that hangs is given up. */
export function openTransport(endpoint: DockerEndpoint, limits: Limits = usualLimits): Transport {
  const modem = openModem(endpoint);
  const patience = new Patience(endpoint, limits);
  const send = (call: Call, kind: 'json' | 'stream' | 'hijack'): Promise<unknown> =>
    new Promise((resolve, reject) => {
      modem.dial(toDialOptions(call, kind), (thrown: unknown, answer: unknown) => {
        if (thrown === null || thrown === undefined) resolve(answer);
        else reject(call.signal?.aborted === true ? (thrown as Error) : toDockerError(thrown, call.subject, endpoint));
      });
    });
  const sendJson = (call: Call): Promise<unknown> => send(call, 'json');
  const open = (call: Call, kind: 'stream' | 'hijack'): Promise<unknown> =>
    patience.await({ ...call, isSlow: true }, sendJson, (watched) => send(watched, kind));
  return {
    json: async (call) => {
      const isQuestion = call.method === 'GET' && call.isSlow !== true;
      const answer = await (isQuestion ? patience.ask(call, sendJson) : patience.await(call, sendJson, sendJson));
      return Buffer.isBuffer(answer) ? undefined : answer;
    },
    stream: (call) => readStream(() => open(call, 'stream') as Promise<Readable>, call, endpoint),
    hijack: (call) => open(call, 'hijack') as Promise<Duplex>,
  };
}

async function* readStream(
  open: () => Promise<Readable>,
  call: Call,
  endpoint: DockerEndpoint,
): AsyncGenerator<Buffer> {
  try {
    yield* (await open()) as AsyncIterable<Buffer>;
  } catch (thrown) {
    if (call.signal?.aborted !== true) throw toDockerError(thrown, call.subject, endpoint);
  }
}

/** Every connection field is given, undefined included: the library would fill a missing one from DOCKER_HOST. */
function openModem(endpoint: DockerEndpoint): {
  dial(options: object, callback: (e: unknown, a: unknown) => void): void;
} {
  const { address } = endpoint;
  const none = { host: undefined, port: undefined, protocol: 'http', username: undefined, socketPath: undefined };
  const pem = { ca: undefined, cert: undefined, key: undefined, timeout: undefined, agent: undefined, pathPrefix: '/' };
  const options: Record<string, unknown> = { ...none, ...pem };
  if (address.kind === 'unix' || address.kind === 'npipe') options['socketPath'] = address.path;
  if (address.kind === 'ssh') Object.assign(options, { host: 'localhost', port: 80, agent: openSshAgent(address) });
  if (address.kind === 'tcp') {
    const { host, port, tls } = address;
    Object.assign(options, { host, port, protocol: tls === undefined ? 'http' : 'https' });
    if (tls !== undefined) Object.assign(options, { ca: tls.ca, cert: tls.cert, key: tls.key });
    if (tls?.skipVerify === true) options['agent'] = new HttpsAgent({ ...tls, rejectUnauthorized: false });
  }
  try {
    return new Docker(options).modem;
  } catch (thrown) {
    throw new AppError('USAGE', `Cannot use the environment's DOCKER_HOST or DOCKER_CERT_PATH: ${messageOf(thrown)}.`);
  }
}

const isSuccess = Object.fromEntries([101, 200, 201, 204, 304].map((status) => [status, true]));

function toDialOptions(call: Call, kind: 'json' | 'stream' | 'hijack'): object {
  const query = Object.fromEntries(Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined));
  const hasQuery = Object.keys(query).length > 0;
  // An empty body sends the headers off, which would wait for a first byte; Podman hands a body on as what was typed.
  const nothing = kind === 'hijack' && call.body === undefined ? Buffer.alloc(0) : undefined;
  return {
    path: hasQuery ? `${call.path}?` : call.path,
    method: call.method,
    ...(hasQuery || call.body !== undefined ? { options: { _query: query, _body: call.body ?? {} } } : {}),
    ...omitUndefined({
      file: call.upload ?? nothing,
      authconfig: call.auth,
      registryconfig: call.registries,
      abortSignal: call.signal,
    }),
    isStream: kind !== 'json',
    hijack: kind === 'hijack',
    openStdin: kind === 'hijack',
    statusCodes: isSuccess,
  };
}
