import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

/** Every type of the services here, as their .proto files say. */
export interface Definitions {
  readonly packages: PackageDefinition;
  readonly inference: ServiceDefinition;
  readonly health: ServiceDefinition;
}

/** Full names of the services. */
export const inferenceService = 'inference.GRPCInferenceService';
/** The name of gRPC's standard health service. */
export const healthService = 'grpc.health.v1.Health';

/** Reads the .proto files. */
export function readDefinitions(): Definitions {
  const at = (name: string) => fileURLToPath(new URL(`./proto/${name}.proto`, import.meta.url));
  const packages = loadSync([at('inference'), at('health')], options);
  return {
    packages,
    inference: packages[inferenceService] as ServiceDefinition,
    health: packages[healthService] as ServiceDefinition,
  };
}
