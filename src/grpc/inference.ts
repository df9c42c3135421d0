import type { ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js';
import { AppError, messageOf } from '../errors.js';
import { readRequestHead } from '../protocol/grpc/decode-request.js';
import { encodeInferMessage } from '../protocol/grpc/encode-response.js';
import type { CallRecord, GrpcHost, RepositoryParameters } from './host.js';
import type { Received } from './messages/received.js';
import type { OpenStreams } from './open-streams.js';
import { streamInfer } from './stream-infer.js';
import { unary, type Call, type Method } from './unary.js';

/** A request message as the .proto file's names say. */
type Fields = Readonly<Record<string, unknown>>;

/** Handlers of every method of the inference service. */
export function inferenceHandlers(
  host: GrpcHost,
  service: ServiceDefinition,
  streams: OpenStreams,
): Readonly<Record<string, UntypedHandleCall>> {
  const handlers: Record<string, UntypedHandleCall> = { ModelStreamInfer: streamInfer(host, streams) };
  const add = (name: string, method: Method): void => void (handlers[name] = unary(host, method));
  for (const [name, answer] of Object.entries(questions)) {
    const decode = service[name]?.requestDeserialize;
    add(name, async ({ body, record }) => ({ message: await answer(host, decodeFields(body, decode), record) }));
  }
  for (const [name, text] of Object.entries(absent)) {
    add(name, () => {
      throw new AppError('METHOD_NOT_ALLOWED', `${name}: ${text}`);
    });
  }
  add('ModelInfer', (call) => infer(host, call));
  return handlers;
}

function decodeFields(body: Buffer, decode: ((body: Buffer) => unknown) | undefined): Fields {
  try {
    return decode?.(body) as Fields;
  } catch (thrown) {
    throw new AppError('INVALID_INPUT', `the request is not a message of this method: ${messageOf(thrown)}`);
  }
}

/** Methods that ask for facts or change the set of models. */
const questions: Readonly<
  Record<string, (host: GrpcHost, fields: Fields, record: CallRecord) => object | Promise<object>>
> = {
  ServerLive: () => ({ live: true }),
  ServerReady: (host) => ({ ready: host.isReady() }),
  ModelReady: (host, fields) => ({ ready: host.isModelReady(text(fields, 'name'), text(fields, 'version')) }),
  ServerMetadata: (host) => host.describeServer(),
  ModelMetadata: (host, fields) => host.describeModel(text(fields, 'name'), text(fields, 'version')),
  ModelConfig: (host, fields) => ({ config: host.describeConfig(text(fields, 'name'), text(fields, 'version')) }),
  ModelStatistics: (host, fields) => host.describeStatistics(text(fields, 'name'), text(fields, 'version')),
  RepositoryIndex: (host, fields) => {
    refuseRepositoryName(fields);
    return { models: host.index(fields['ready'] === true) };
  },
  RepositoryModelLoad: async (host, fields, record) => {
    refuseRepositoryName(fields);
    await host.load({ model: text(fields, 'model_name'), parameters: parametersOf(fields), record });
    return {};
  },
  RepositoryModelUnload: async (host, fields, record) => {
    refuseRepositoryName(fields);
    await host.unload({ model: text(fields, 'model_name'), parameters: parametersOf(fields), record });
    return {};
  },
};

const noSharedMemory = 'shared memory is not supported: send the data itself, in raw_input_contents.';
const noTrace = 'trace settings are not supported: the trailer server-timing of every answer has its times.';
const noLog = 'log settings cannot be changed while the server runs: start it with --log-level and --log-format.';

/** Methods of the service that there is nothing behind here, and what to do instead. */
const absent: Readonly<Record<string, string>> = {
  SystemSharedMemoryStatus: noSharedMemory,
  SystemSharedMemoryRegister: noSharedMemory,
  SystemSharedMemoryUnregister: noSharedMemory,
  CudaSharedMemoryStatus: noSharedMemory,
  CudaSharedMemoryRegister: noSharedMemory,
  CudaSharedMemoryUnregister: noSharedMemory,
  TraceSetting: noTrace,
  LogSettings: noLog,
};

async function infer(host: GrpcHost, call: Call) {
  const { response, headers, onEncoded } = await host.infer({ ...call, head: readRequestHead(call.body) });
  const startMs = performance.now();
  const message = encodeInferMessage(response);
  onEncoded(performance.now() - startMs);
  return { message, headers };
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function refuseRepositoryName(fields: Fields): void {
  const name = text(fields, 'repository_name');
  if (name === '') return;
  throw new AppError('INVALID_INPUT', `repository_name '${name.slice(0, 100)}': there is one repository; leave it out`);
}

/** Values of a map of ModelRepositoryParameter; those without one are left out. */
function parametersOf({ parameters }: Fields): RepositoryParameters {
  const known = new Map<string, boolean | number | string | Uint8Array>();
  for (const [name, choice] of Object.entries(parameters as Readonly<Record<string, Fields>>)) {
    const field = choice['parameter_choice'];
    if (typeof field !== 'string') continue;
    const value = choice[field];
    known.set(name, field === 'int64_param' ? Number(value) : (value as boolean | string | Uint8Array));
  }
  return known;
}

/** The definition with messages as `messages/received.ts` makes them, and answers that need no copy of their own. */
export function receivingService(service: ServiceDefinition, isRaw: (name: string) => boolean): ServiceDefinition {
  const asReceived = (received: unknown): Received => received as Received;
  // grpc-js asks an encoded message for its `byteLength` and to `copy` itself, nothing else.
  const asParts = (parts: unknown): Buffer => parts as Buffer;
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: asReceived, ...(isRaw(name) ? { responseSerialize: asParts } : {}) },
    ]),
  );
}
