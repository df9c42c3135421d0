import { EventEmitter } from 'node:events';
import type { Server, ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { AppError, messageOf } from '../errors.js';
import type { GrpcHost, MessageMemory } from './host.js';
import type { OpenStreams } from './open-streams.js';
import type { Received } from './messages/received.js';
import { toStatus } from './status.js';

type Stream = ServerDuplexStream<Received, object>;
type Handler = (stream: object) => void;
type Decode = (body: Buffer) => object;

/** Adds server reflection, v1 and v1alpha, with messages as `messages/received.ts` makes them; its streams end with the server. */
export function addReflection(
  server: Server,
  packages: PackageDefinition,
  { host, streams }: { readonly host: GrpcHost; readonly streams: OpenStreams },
): void {
  const addService = (service: ServiceDefinition, methods: UntypedServiceImplementation): void => {
    const asReceived = (received: unknown): Received => received as Received;
    const definitions = Object.entries(service).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: asReceived },
    ]);
    const handlers = Object.entries(methods).map(([name, method]) => {
      const decode = service[name]?.requestDeserialize as Decode;
      const handler = (stream: Stream): void => {
        const leave = streams.add(() => stream.end());
        stream.once('close', leave);
        answerInTurn(stream, { host, decode, handler: method as Handler });
      };
      return [name, handler];
    });
    server.addService(
      Object.fromEntries(definitions) as ServiceDefinition,
      Object.fromEntries(handlers) as UntypedServiceImplementation,
    );
  };
  new ReflectionService(packages).addToServer({ addService });
}

interface Answering {
  readonly host: GrpcHost;
  readonly decode: Decode;
  readonly handler: Handler;
}

/** Questions one after another, each when the answer before it is taken: the library's handler would put aside as many answers as are asked for. */
function answerInTurn(stream: Stream, { host, decode, handler }: Answering): void {
  let memory: MessageMemory | undefined;
  const questions = new EventEmitter();
  const write = (answer: object): void => {
    stream.write(answer, () => {
      memory?.close();
      stream.resume();
    });
  };
  handler(Object.assign(questions, { write, end: () => stream.end() }));
  stream.on('data', ({ body, claim }: Received) => {
    memory = claim();
    stream.pause();
    try {
      questions.emit('data', decode(body));
    } catch (thrown) {
      const failure = new AppError(
        'INVALID_INPUT',
        `the request is not a message of this method: ${messageOf(thrown)}`,
      );
      const { code, details, metadata } = toStatus(host.describeFailure(failure));
      stream.emit('error', Object.assign(new Error(details), { code, details, metadata }));
    }
  });
  stream.once('end', () => questions.emit('end'));
  stream.once('close', () => memory?.close());
}
