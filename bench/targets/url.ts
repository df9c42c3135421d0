import { AppError, messageOf } from '../../src/errors.js';
import { buildPath } from '../../src/protocol/paths.js';
import { urlOf, type Origin, type Target, type TargetPlan } from './target.js';

/** Reads `http://host:port/path`. Throws USAGE for anything else. */
export function parseOrigin(text: string, headers: Readonly<Record<string, string>>): Origin {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:') {
    throw new AppError(
      'USAGE',
      `--url ${text}: expected http://host:port. Type: npm run bench -- --url http://127.0.0.1:8000`,
    );
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : Number(url.port),
    basePath: url.pathname.replace(/\/$/, ''),
    headers,
  };
}

/** A server that already runs; it is left as it is. */
export function planUrl(origin: Origin): TargetPlan {
  const url = urlOf(origin);
  return { name: url, start: () => attach(url, origin) };
}

async function attach(url: string, origin: Origin): Promise<Target> {
  const path = buildPath('ready');
  const answer = await fetch(url + path, { headers: origin.headers, signal: AbortSignal.timeout(5000) }).catch(
    (thrown: unknown) => {
      throw new AppError('SERVER_UNREACHABLE', `no server answers at ${url} (${causeOf(thrown)})`);
    },
  );
  if (!answer.ok)
    throw new AppError('SERVER_UNREACHABLE', `${url}${path} answered ${answer.status}, expected 200: not ready`);
  return { name: url, kind: 'url', origin, startParts: {}, stop: () => Promise.resolve() };
}

function causeOf(thrown: unknown): string {
  return messageOf(thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown);
}
