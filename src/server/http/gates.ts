import { stranger, type Doors } from '../access/doors.js';
import { AppError, refusal } from '../../errors.js';
import type { Tls } from '../access/tls.js';
import type { PageGuard } from '../access/page-guard.js';
import { Exchange, type ExchangeContext, type ExchangeReply, type ExchangeRequest } from './exchange.js';
import type { Settings } from '../settings/settings.js';

/** Throws for a request that is not let in. */
export type Gate = (request: ExchangeRequest) => void;

/** What requests are judged by. */
export interface GateDeps {
  readonly settings: Settings;
  readonly doors: Doors;
  readonly guard: PageGuard;
  readonly tls: Tls | undefined;
}

/** Everything that a request has to pass before it is answered, whichever way it came in. */
export function createGates(deps: GateDeps): readonly Gate[] {
  const certificate = deps.tls?.asksForCertificate === true ? [certificateGate] : [];
  return [...certificate, doorGate(deps), pageGate(deps), transferGate];
}

/** Whether every gate lets a request in; where one does not, it has been answered. */
export function passes(
  gates: readonly Gate[],
  context: ExchangeContext,
  { request, reply }: { readonly request: ExchangeRequest; readonly reply: ExchangeReply },
): boolean {
  try {
    for (const gate of gates) gate(request);
    return true;
  } catch (thrown) {
    new Exchange(context, request, reply).fail(thrown);
    return false;
  }
}

const health = /^\/v2\/health\/(?:live|ready)(?:\?|$)/;
const metrics = /^\/metrics(?:\?|$)/;

/**
 * Judges every request, also those to paths that do not exist. Probes may name the server as they like; so may who has shown a key, which
 * a page that took a name over does not know, and there is nothing to read without one then; and over TLS the browser has compared the name
 * with the certificate.
 */
function pageGate({ guard, doors, settings, tls }: GateDeps): Gate {
  const isProved = (url: string): boolean =>
    tls !== undefined || health.test(url) || (doors.asksForKeys && !(settings.auth.openMetrics && metrics.test(url)));
  return (request) => {
    const { method, headers, originalUrl: url, raw } = request;
    if (headers.host === undefined && raw.httpVersionMinor > 0) {
      throw refusal('INVALID_INPUT', 'Expected a Host header, which HTTP/1.1 requires, but received none.');
    }
    guard.check({ method, headers, rawHeaders: raw.rawHeaders, url, isProved: () => isProved(request.url) });
  };
}

/** A body whose last coding is chunked ends where that says, which Node reads alone: what it holds would be taken for the body itself. RFC 9112, 6.1. */
const transferGate: Gate = ({ bodyBytes, raw }) => {
  if (bodyBytes !== undefined) return;
  const coding = raw.headersDistinct['transfer-encoding']?.join(', ') ?? '';
  if (coding.toLowerCase() === 'chunked') return;
  const text = `Transfer-Encoding ${JSON.stringify(coding)} is not supported: expected chunked alone. A compressed body is told by Content-Encoding.`;
  throw refusal('UNSUPPORTED_TRANSFER', text);
};

/** Health needs no certificate either: who probes it may have none. */
const certificateGate: Gate = ({ raw, url }) => {
  const { authorized } = raw.socket as { authorized?: boolean };
  if (authorized === true || health.test(url)) return;
  const text = 'This server needs a client certificate, signed by one of the authorities in its --tls-client-ca.';
  throw new AppError('UNAUTHORIZED', text);
};

/** The description of the API tells strangers nothing of this server; who shows a key reads the names of its models in it. */
const description = /^\/openapi\.json(?:\?|$)/;

/**
 * Health is open to everyone, so that a balancer needs no key; so are the pages' own files, which ask for one, and OPTIONS,
 * with which browsers bring none.
 */
function doorGate({ doors, settings }: GateDeps): Gate {
  const open = settings.auth.openMetrics
    ? /^\/(v2\/health\/(live|ready)|playground\/(?!samples\/)([\w-]+\/)?[\w.-]+|docs(\/[\w.-]+)?|stream|metrics)?(\?|$)/
    : /^\/(v2\/health\/(live|ready)|playground\/(?!samples\/)([\w-]+\/)?[\w.-]+|docs(\/[\w.-]+)?|stream)?(\?|$)/;
  return (request) => {
    const { authorization, 'x-api-key': apiKey } = request.headers;
    const { method, url } = request;
    const showsNone = authorization === undefined && apiKey === undefined;
    const isOpen =
      doors.asksForKeys && (method === 'OPTIONS' || open.test(url) || (showsNone && description.test(url)));
    request.caller = isOpen ? stranger : doors.admit({ authorization, apiKey });
  };
}
