import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  type Client,
  type ClientDuplexStream,
  type ServiceClientConstructor,
  type ServiceError,
  type status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { openTestServer, type TestServer, type TestServerOptions } from './server.js';

type Fields = Record<string, unknown>;

/** What a call was answered with. */
export interface GrpcAnswer {
  readonly message: Fields;
  readonly trailers: Readonly<Record<string, string>>;
}

const options = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };
const at = (name: string) => fileURLToPath(new URL(`../../src/grpc/proto/${name}.proto`, import.meta.url));
const packages = loadSync([at('inference'), at('health')], options);

/** The client of a service, as any program makes one from the .proto file. */
export function createClient(
  address: string,
  service = 'inference.GRPCInferenceService',
  channel = credentials.createInsecure(),
): Client {
  let found: unknown = loadPackageDefinition(packages);
  for (const part of service.split('.')) found = (found as Fields)[part];
  return new (found as ServiceClientConstructor)(address, channel, {
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  });
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  /** Gets a function that cancels the call. */
  readonly onCancel?: (cancel: () => void) => void;
}

type Unary = (
  ...call: [
    message: object,
    metadata: Metadata,
    options: object,
    callback: (error: ServiceError | null, message: Fields) => void,
  ]
) => { on(event: 'status', listener: (status: { metadata: Metadata }) => void): void; cancel(): void };

/** Makes one call; rejects with the ServiceError. */
export function callOf(
  client: Client,
  [method, message]: readonly [method: string, message: object],
  options: CallOptions = {},
): Promise<GrpcAnswer> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.headers ?? {})) metadata.set(name, value);
  const deadline = options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
  return new Promise((resolve, reject) => {
    let answer: Fields = {};
    const unary = (client as unknown as Record<string, Unary>)[method] as Unary;
    const call = unary.call(client, message, metadata, deadline, (error, value) => {
      if (error) reject(error);
      else answer = value;
    });
    call.on('status', ({ metadata: trailers }) =>
      resolve({ message: answer, trailers: trailers.getMap() as Record<string, string> }),
    );
    options.onCancel?.(() => call.cancel());
  });
}

/** The error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    () => Promise.reject(new Error('the call was answered')),
    (error: unknown) => error as ServiceError,
  );
}

/** Opens a stream of inference requests. */
export function openStream(client: Client, headers: Readonly<Record<string, string>> = {}) {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const open = (client as unknown as Record<string, (metadata: Metadata) => ClientDuplexStream<object, Fields>>)[
    'ModelStreamInfer'
  ];
  if (open === undefined) throw new Error('no such method');
  return open.call(client, metadata);
}

/** A = -7, -6, ... and B = 1000, 1001, ... in so many rows, raw. */
export function rawPair(rows: number) {
  const tensor = (name: string) => ({ name, datatype: 'INT32', shape: [rows, 16] });
  const numbers = (first: number) => Buffer.from(Int32Array.from({ length: rows * 16 }, (_, at) => first + at).buffer);
  return { model_name: 'm', inputs: [tensor('A'), tensor('B')], raw_input_contents: [numbers(-7), numbers(1000)] };
}

/** A server with a gRPC port, and a client of it. */
export interface GrpcServer {
  readonly server: TestServer;
  readonly client: Client;
  infer(message: object, options?: CallOptions): Promise<GrpcAnswer>;
  /** Asserts that an inference fails with this status and text. */
  refuses(message: object, code: status, text: RegExp): Promise<void>;
  close(): Promise<void>;
}

export async function openGrpc({ flags = [], ...options }: TestServerOptions): Promise<GrpcServer> {
  const server = await openTestServer({ ...options, flags: ['--grpc-port', '0', ...flags] });
  const client = createClient(server.server.grpcAddress ?? '');
  const infer: GrpcServer['infer'] = (message, how) => callOf(client, ['ModelInfer', message], how);
  return {
    server,
    client,
    infer,
    refuses: async (message, code, text) => {
      const error = await failureOf(infer(message));
      assert.equal(error.code, code, error.details);
      assert.match(error.details, text);
    },
    close: async () => {
      client.close();
      await server.stop();
    },
  };
}
