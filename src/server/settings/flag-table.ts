import {
  autoOrBytes,
  autoOrCount,
  bytes,
  duration,
  hostNames,
  integer,
  list,
  oneOf,
  origins,
  pathPrefix,
  text,
  toggle,
  type FlagKind,
} from './flags.js';
import { streams } from './streams.js';

/** One setting on the outside: `--name value`, or the environment variable SLIPWAY_NAME. */
export interface Flag<T> {
  readonly kind: FlagKind<T>;
  readonly fallback: NoInfer<T>;
  readonly value: string;
  readonly help: string;
  /** Shown by --help; the others are named in one line there and described in docs/operations.md. */
  readonly common: boolean;
}

type Described<T> = Omit<Flag<T>, 'common'>;

const common = <T>(flag: Described<T>): Flag<T> => ({ ...flag, common: true });
const rare = <T>(flag: Described<T>): Flag<T> => ({ ...flag, common: false });
const optional = <T>(kind: FlagKind<T>): FlagKind<T | undefined> => kind;

const port = integer(0, 65535);
const provider = oneOf('auto', 'cpu', 'cuda', 'tensorrt', 'webgpu');

/** Every flag by its name in code; `maxBodyBytes` is `--max-body-bytes` and SLIPWAY_MAX_BODY_BYTES. */
export const flags = {
  models: common({
    kind: optional(text),
    fallback: undefined,
    value: '<path>',
    help: 'a model file, the folder of one model, or a folder of models (the bundled ones)',
  }),
  config: rare({
    kind: optional(text),
    fallback: undefined,
    value: '<file>',
    help: "JSON file with settings under the flags' names",
  }),
  modelName: rare({
    kind: optional(text),
    fallback: undefined,
    value: '<name>',
    help: 'name for the only model in --models',
  }),
  host: common({ kind: text, fallback: '127.0.0.1', value: '<address>', help: 'address to listen on; 0.0.0.0: all' }),
  port: common({ kind: port, fallback: 8000, value: '<n>', help: 'port to listen on; 0: any free one' }),
  executionProvider: common({
    kind: provider,
    fallback: 'auto',
    value: '<name>',
    help: 'auto, cpu, cuda, tensorrt, webgpu',
  }),
  requireGpu: common({ kind: toggle, fallback: false, value: '', help: 'not ready unless models run on a GPU' }),
  workers: common({ kind: autoOrCount, fallback: 'auto', value: '<n>', help: 'worker threads that run models' }),
  intraOpThreads: common({ kind: autoOrCount, fallback: 'auto', value: '<n>', help: 'threads of one run' }),
  allowLinksTo: common({
    kind: list,
    fallback: [],
    value: '<dir>',
    help: "folder outside the models' into which links may lead; may be repeated",
  }),
  cacheDir: common({
    kind: optional(text),
    fallback: undefined,
    value: '<dir>',
    help: "folder for optimised models (user's cache)",
  }),
  modelControlMode: common({
    kind: oneOf('explicit', 'poll', 'none'),
    fallback: 'explicit',
    value: '<mode>',
    help: 'explicit: load and unload calls (--management); poll: watch the folder; none',
  }),
  readyWhen: common({
    kind: oneOf('all', 'some'),
    fallback: 'all',
    value: '<word>',
    help: 'all: ready when every model is; some: when the start is over and one serves',
  }),
  pollInterval: rare({ kind: duration, fallback: 2000, value: '<time>', help: 'how often poll looks at the folder' }),
  apiKeysFile: common({
    kind: optional(text),
    fallback: undefined,
    value: '<file>',
    help: 'one KEY or NAME:ROLE:KEY per line; every client must send one',
  }),
  tlsCert: rare({
    kind: optional(text),
    fallback: undefined,
    value: '<file>',
    help: 'certificate, PEM; with --tls-key',
  }),
  tlsKey: rare({ kind: optional(text), fallback: undefined, value: '<file>', help: 'its private key, PEM' }),
  tlsClientCa: rare({
    kind: optional(text),
    fallback: undefined,
    value: '<file>',
    help: 'authorities whose certificates clients must show, PEM',
  }),
  keyRate: rare({ kind: integer(0), fallback: 0, value: '<n>', help: 'requests per second with one key; 0: no limit' }),
  management: common({
    kind: toggle,
    fallback: false,
    value: '',
    help: 'everyone may load and unload models, not only admin keys',
  }),
  managementPort: rare({
    kind: optional(port),
    fallback: undefined,
    value: '<n>',
    help: 'separate port for load and unload calls',
  }),
  allowHost: rare({
    kind: hostNames,
    fallback: [],
    value: '<name>',
    help: 'public name of this server, *.example.com or *; may be repeated',
  }),
  allowOrigin: rare({
    kind: origins,
    fallback: [],
    value: '<origin>',
    help: 'other origins whose pages may call (CORS): https://app.example.com or *; may be repeated',
  }),
  maxBodyBytes: common({ kind: bytes, fallback: 2 ** 26, value: '<size>', help: 'largest request body' }),
  requestMemory: common({
    kind: autoOrBytes,
    fallback: 'auto',
    value: '<size>',
    help: 'memory for all requests together; auto: a quarter of the memory',
  }),
  metricsPort: rare({ kind: optional(port), fallback: undefined, value: '<n>', help: 'separate port for /metrics' }),
  stream: rare({
    kind: streams,
    fallback: [],
    value: '<name=source>',
    help: 'a camera for /stream and the model for its frames; may be repeated',
  }),
  healthPort: rare({
    kind: optional(port),
    fallback: undefined,
    value: '<n>',
    help: 'separate port for health and metrics, answered by its own thread',
  }),
  grpcPort: common({
    kind: optional(port),
    fallback: undefined,
    value: '<n>',
    help: 'port for the same protocol over gRPC; usually 8001',
  }),
  httpLoops: rare({
    kind: autoOrCount,
    fallback: 1,
    value: '<n>',
    help: 'processes on the same port, each with its own HTTP loop and models; auto: by the CPUs',
  }),
  basePath: common({ kind: pathPrefix, fallback: '', value: '<prefix>', help: 'prefix of every path' }),
  serverName: rare({ kind: text, fallback: 'slipway', value: '<name>', help: 'server name that GET /v2 shows' }),
  logLevel: common({
    kind: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
    value: '<level>',
    help: 'trace, debug, info, warn, error, fatal, silent',
  }),
  logFormat: common({
    kind: oneOf('auto', 'json', 'text'),
    fallback: 'auto',
    value: '<format>',
    help: 'auto, json, text',
  }),
  accessLog: common({ kind: toggle, fallback: false, value: '', help: 'log every request, not just failures' }),
  watchdog: common({
    kind: duration,
    fallback: 120_000,
    value: '<time>',
    help: 'longest run before the process is ended; 0: no limit',
  }),
  supervisor: common({
    kind: toggle,
    fallback: true,
    value: '',
    help: 'start the server again after a crash; not in containers',
  }),
  stopDelay: common({ kind: duration, fallback: 0, value: '<time>', help: 'time from SIGTERM until the port closes' }),
  stopTimeout: common({ kind: duration, fallback: 30_000, value: '<time>', help: 'longest time to finish requests' }),
  apiKeys: rare({ kind: list, fallback: [], value: '<keys>', help: 'keys, separated by commas; better as a variable' }),
  inlineRuns: rare({ kind: toggle, fallback: true, value: '', help: 'run the cheapest models without a worker' }),
  wideRuns: rare({
    kind: toggle,
    fallback: true,
    value: '',
    help: 'give a lone run the threads of all workers where it gains',
  }),
  tf32: rare({
    kind: toggle,
    fallback: false,
    value: '',
    help: 'a GPU may round factors of FP32 products to TF32, which is faster',
  }),
  forgetCrashes: rare({
    kind: toggle,
    fallback: false,
    value: '',
    help: 'load models that crashed before like any other',
  }),
  openMetrics: rare({ kind: toggle, fallback: false, value: '', help: '/metrics needs no key' }),
  maxPixels: rare({ kind: integer(1), fallback: 50_000_000, value: '<n>', help: 'largest image, in pixels' }),
  maxHeaderBytes: rare({ kind: bytes, fallback: 16_384, value: '<size>', help: 'largest headers, in bytes' }),
  maxConnections: rare({
    kind: integer(0),
    fallback: 10_000,
    value: '<n>',
    help: 'limit of open connections; 0: none',
  }),
  requestTimeout: rare({
    kind: duration,
    fallback: 60_000,
    value: '<time>',
    help: 'time for a request to arrive, and for a client to read more of its answer',
  }),
  headersTimeout: rare({
    kind: duration,
    fallback: 15_000,
    value: '<time>',
    help: "time for a request's headers to arrive",
  }),
  keepAlive: rare({ kind: duration, fallback: 75_000, value: '<time>', help: 'how long an idle connection is kept' }),
  compressFrom: rare({
    kind: integer(-1),
    fallback: 1024,
    value: '<bytes>',
    help: 'smallest answer to compress; -1: none',
  }),
} satisfies Record<string, Flag<unknown>>;

/** The name of a flag without its dashes. */
export type FlagName = keyof typeof flags;
/** The value of each flag after parsing. */
export type FlagValues = { readonly [K in FlagName]: (typeof flags)[K] extends Flag<infer T> ? T : never };

/** `maxBodyBytes` -> `max-body-bytes`. */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxBodyBytes` -> `SLIPWAY_MAX_BODY_BYTES`. */
export function variableOf(name: string): string {
  return `SLIPWAY_${dashed(name).replaceAll('-', '_').toUpperCase()}`;
}
