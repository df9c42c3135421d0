import type { Server, ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import type { OpenStreams } from './open-streams.js';
import type { Received } from './received.js';

type Handler = (stream: ServerDuplexStream<unknown, unknown>) => void;

/** Adds server reflection, v1 and v1alpha, with messages as `received.ts` makes them; its streams end with the server. */
export function addReflection(server: Server, packages: PackageDefinition, streams: OpenStreams): void {
  const addService = (service: ServiceDefinition, methods: UntypedServiceImplementation): void => {
    const definitions = Object.entries(service).map(([name, method]) => {
      const requestDeserialize = (received: unknown): unknown => {
        const { body, claim } = received as Received;
        claim().close();
        return method.requestDeserialize(body);
      };
      return [name, { ...method, requestDeserialize }];
    });
    const handlers = Object.entries(methods).map(([name, method]) => {
      const handler: Handler = (stream) => {
        const leave = streams.add(() => stream.end());
        stream.once('close', leave);
        (method as Handler)(stream);
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
