import type { CallStart, GrpcHost, ModelChange, RepositoryParameters } from '../../grpc/host.js';
import { toLoadOverrides, toUnloadOptions } from '../../protocol/repository-requests.js';
import type { ParameterValue } from '../../protocol/types.js';
import { audited, type ManagedCall } from '../access/audit.js';
import { stranger, type Caller, type Doors } from '../access/doors.js';
import { decodeBody } from '../http/body/content-encoding.js';
import { createRequestIds } from '../http/exchange.js';
import { tooLarge, toHttpFailure } from '../http/http-errors.js';
import type { HttpDeps } from '../http-side.js';
import type { RequestSpan } from '../telemetry/telemetry.js';
import { GrowingBuffer } from '../memory/growing-buffer.js';
import { ReleaseBatch } from '../../tensor/release.js';
import { RequestMemory } from '../memory/memory-budget.js';
import { GrpcRecord } from './grpc-record.js';
import { inferMessage } from './infer-message.js';

/** What of the server gRPC is answered from. */
export interface GrpcDeps extends Omit<HttpDeps, 'models' | 'version' | 'keys' | 'ownNames' | 'metrics'> {
  readonly doors: Doors;
}

/** The same questions that HTTP needs no key for. */
const openPaths = /^\/(grpc\.health\.v1\.Health\/|inference\.GRPCInferenceService\/Server(Live|Ready)$)/;

/** The server as the gRPC service asks it: the dataplane, limits, memory, keys, logs and counts of HTTP. */
export function createGrpcHost(deps: GrpcDeps): GrpcHost {
  const { dataplane, lifecycle } = deps;
  return {
    ...transport(deps),
    ...accounts(deps),
    isReady: () => dataplane.health().ready,
    onReadiness: (listener) => lifecycle.onChange(listener),
    isModelReady: (name, version) => dataplane.isModelReady(name, orHighest(version)),
    describeServer: () => dataplane.describeServer(),
    describeModel: (name, version) => dataplane.describeModel(name, orHighest(version), { wholeMetadata: false }),
    describeConfig: (name, version) => dataplane.describeConfig(name, orHighest(version)),
    describeStatistics: (name, version) =>
      dataplane.describeStatistics(name === '' ? undefined : name, orHighest(version)),
    index: (onlyReady) => dataplane.index(onlyReady),
    ...management(deps),
    infer: (call) => inferMessage(deps, call),
  };
}

type Transport = 'limits' | 'tls' | 'authorize' | 'begin' | 'describeFailure';

function transport({ settings, doors, tls, ...deps }: GrpcDeps): Pick<GrpcHost, Transport> {
  const { connections, requestTimeoutMs, keepAliveMs } = settings.limits;
  const newId = createRequestIds(`${deps.processTag}-g`);
  const context = { ...deps, accessLog: settings.log.access };
  return {
    limits: {
      connections,
      arrivalMs: requestTimeoutMs,
      untakenMs: requestTimeoutMs,
      idleConnectionMs: keepAliveMs,
    },
    tls,
    authorize: ({ path, headers }) => {
      if (openPaths.test(path)) return stranger;
      return doors.admit({ authorization: headers['authorization'], apiKey: headers['x-api-key'] });
    },
    begin: (call: CallStart) => new GrpcRecord(context, newId(call.headers), call),
    describeFailure: (thrown) => {
      const { text, headers, status, code } = toHttpFailure(thrown);
      const after = headers['retry-after'];
      return {
        code: status === 400 ? 'INVALID_INPUT' : code,
        text,
        retryAfterSeconds: after === undefined ? undefined : Number(after),
      };
    },
  };
}

type Accounts = 'receive' | 'hold' | 'release' | 'inflate' | 'holdAnswer' | 'mayGiveWay' | 'warn';

/** How messages are put aside: by the limits and on the account of HTTP bodies. */
function accounts({ settings, memory: budget, log }: GrpcDeps): Pick<GrpcHost, Accounts> {
  const limitBytes = settings.limits.bodyBytes;
  const read = new ReleaseBatch();
  const open = (bytes: number): RequestMemory => {
    if (bytes > limitBytes) throw tooLarge(limitBytes);
    return new RequestMemory(budget);
  };
  return {
    receive: (bytes, prefixBytes) => {
      const memory = open(bytes);
      const expectedBytes = prefixBytes + bytes;
      const parts = new GrowingBuffer({ expectedBytes, alignAt: expectedBytes, onHold: memory.counter() });
      const finish = (): Buffer => {
        const message = parts.finish();
        memory.own([message.buffer]);
        return message;
      };
      return { memory, add: (piece) => parts.add(piece), finish, discard: () => parts.discard() };
    },
    hold: (bytes) => {
      const memory = open(bytes);
      memory.take(bytes);
      return memory;
    },
    release: (buffers) => read.add(buffers),
    inflate: (message, coding, memory) => decodeBody(message, coding, { limitBytes, memory }),
    holdAnswer: (bytes) => {
      budget.hold(bytes);
      return () => budget.give(bytes);
    },
    mayGiveWay: (limitMs, giveWay) => budget.mayGiveWay(limitMs, giveWay),
    warn: (facts, text) => log.warn({ transport: 'grpc', ...facts }, text),
  };
}

/** Loads and unloads, for who may do that, each with its line of audit. */
function management({ dataplane, doors, log }: GrpcDeps): Pick<GrpcHost, 'load' | 'unload'> {
  const manage = (action: ManagedCall['action'], { model, record }: ModelChange, change: () => Promise<void>) => {
    const { id: requestId, from } = record;
    // This host let it in, and began its span.
    const caller = record.caller as Caller;
    const trace = (record.trace as RequestSpan | undefined)?.facts;
    return audited(log, { action, model, caller, from, requestId, trace }, async () => {
      doors.checkManagement(caller);
      await change();
    });
  };
  return {
    load: (call) =>
      manage('load', call, () => dataplane.load(call.model, toLoadOverrides(withoutBytes(call.parameters)))),
    unload: (call) =>
      manage('unload', call, () => {
        toUnloadOptions(withoutBytes(call.parameters));
        return dataplane.unload(call.model);
      }),
  };
}

/** An empty version asks for the highest that is ready. */
function orHighest(version: string): string | undefined {
  return version === '' ? undefined : version;
}

/** Bytes are only ever files, which the names say already. */
function withoutBytes(parameters: RepositoryParameters): ReadonlyMap<string, ParameterValue> {
  return new Map([...parameters].map(([name, value]) => [name, value instanceof Uint8Array ? '' : value]));
}
