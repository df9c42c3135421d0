import type { ServerWritableStream, ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js';
import { AppError } from '../errors.js';
import { healthService, inferenceService } from './definitions.js';
import { toStatus } from './status.js';
import type { GrpcHost } from './host.js';
import type { OpenStreams } from './open-streams.js';
import type { Received } from './messages/received.js';
import { unary } from './unary.js';

/** The names that health is asked for: the whole server, and its services, which are all as ready as it is. */
const known: ReadonlySet<string> = new Set(['', inferenceService, healthService]);

type Status = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/** Handlers of grpc.health.v1: Check, List, and Watch, which tells every change until its client or the server ends it. */
export function healthHandlers(
  host: GrpcHost,
  service: ServiceDefinition,
  streams: OpenStreams,
): Readonly<Record<string, UntypedHandleCall>> {
  const nameOf = (body: Buffer): string =>
    (service['Check']?.requestDeserialize(body) as { readonly service: string }).service;
  const now = (): Status => (host.isReady() ? 'SERVING' : 'NOT_SERVING');
  return {
    Check: unary(host, ({ body }) => {
      const name = nameOf(body);
      if (known.has(name)) return { message: { status: now() } };
      throw new AppError('NOT_FOUND', `Health of an unknown service '${name.slice(0, 100)}' was asked for.`);
    }),
    List: unary(host, () => ({
      message: { statuses: Object.fromEntries([...known].map((name) => [name, { status: now() }])) },
    })),
    Watch: (call: ServerWritableStream<Received, object>) => {
      const { body, claim } = call.request;
      const isKnown = known.has(nameOf(body));
      claim().close();
      watch(call, { host, streams, read: isKnown ? now : () => 'SERVICE_UNKNOWN' });
    },
  };
}

interface Watching {
  readonly host: GrpcHost;
  readonly streams: OpenStreams;
  readonly read: () => Status;
}

function watch(call: ServerWritableStream<Received, object>, { host, streams, read }: Watching): void {
  let told: Status | undefined;
  const tell = (): void => {
    const status = read();
    if (status === told) return;
    told = status;
    call.write({ status });
  };
  const forget = host.onReadiness(tell);
  const leave = streams.add(() => {
    tell();
    const failure = host.describeFailure(new AppError('SHUTTING_DOWN', 'The server is shutting down.'));
    const { code, details, metadata } = toStatus(failure);
    call.emit('error', Object.assign(new Error(details), { code, details, metadata }));
  });
  tell();
  call.once('close', () => {
    forget();
    leave();
  });
}
