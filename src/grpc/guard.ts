import { ServerInterceptingCall, type Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import { toStatus } from './status.js';
import type { CallHeaders, CallStart, GrpcHost } from './host.js';

/** Metadata as HTTP headers are read: the first value of each name. */
function headersOf(metadata: Metadata): CallHeaders {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

const callers = new WeakMap<Metadata, object>();

/** A call with metadata that the guard has let in, as it begins. */
export function startOf(call: { readonly metadata: Metadata; getPath(): string; getPeer(): string }): CallStart {
  const { metadata } = call;
  return { path: call.getPath(), headers: headersOf(metadata), caller: callers.get(metadata), from: call.getPeer() };
}

/** Refuses calls that may not be made before any message of them is read. */
export function createGuard(host: GrpcHost): ServerInterceptor {
  return ({ path }, next) =>
    new ServerInterceptingCall(next, {
      start: (start) =>
        start({
          onReceiveMetadata: (metadata, pass) => {
            const call = { path, headers: headersOf(metadata), from: next.getPeer() };
            try {
              callers.set(metadata, host.authorize(call));
              pass(metadata);
            } catch (thrown) {
              host.begin(call).end(thrown);
              next.sendStatus(toStatus(host.describeFailure(thrown)));
            }
          },
        }),
    });
}
