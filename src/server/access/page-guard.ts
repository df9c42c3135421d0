import type { IncomingHttpHeaders } from 'node:http';
import { refusal } from '../../errors.js';
import { formatOrigin, isSamePlace, parseAuthority, parseOrigin, type Authority } from '../settings/authority.js';
import type { NameCheck } from './known-names.js';

/** What is judged of a request. */
export interface Visit {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, in which a header that came twice is seen. */
  readonly rawHeaders: readonly string[];
  readonly url: string;
  /** Whether its name was proved in another way: by a certificate, or by a key that no page knows. */
  readonly isProved: () => boolean;
}

/** Which names and origins the server accepts requests for. */
export interface PageGuardOptions {
  readonly isKnownName: NameCheck;
  /** Origins of pages that may ask as well, or `*`. */
  readonly allowedOrigins: readonly string[];
}

/**
 * Keeps web pages from driving the server. Browsers say with `Origin` and `Sec-Fetch-Site` which page asks, and no page can change that;
 * other programs send neither and notice nothing. A page whose name was made to resolve here is known by that name.
 */
export class PageGuard {
  readonly #isKnownName: NameCheck;
  readonly #origins: ReadonlySet<string>;
  readonly #anyOrigin: boolean;
  /** The last name that was judged to be known: nearly all requests bring the same. */
  #lastHost: string | undefined;

  constructor({ isKnownName, allowedOrigins }: PageGuardOptions) {
    this.#isKnownName = isKnownName;
    this.#anyOrigin = allowedOrigins.includes('*');
    this.#origins = new Set(allowedOrigins.flatMap(normalOrigin));
  }

  /** Whether pages of this origin were allowed to ask, so that they are told what they may read. */
  allows(origin: string): boolean {
    if (origin === 'null') return false;
    return this.#anyOrigin || normalOrigin(origin).some((each) => this.#origins.has(each));
  }

  /** Throws INVALID_INPUT for a `Host` that is none or comes twice, and FORBIDDEN for another page's request or a strange name. */
  check(visit: Visit): void {
    const { host } = visit.headers;
    refuseSecondHost(visit.rawHeaders);
    if (host !== undefined && (host !== this.#lastHost || !visit.url.startsWith('/'))) this.#checkNames(host, visit);
    const { origin } = visit.headers;
    if (origin !== undefined) {
      if (this.allows(origin)) return;
      this.#checkOrigin(origin, host);
    }
    const site = visit.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isFollowedLink(visit)) refuseSite(site);
  }

  #checkNames(host: string, visit: Visit): void {
    const named = nameIn(visit.url);
    for (const text of named === undefined ? [host] : [host, named]) {
      const target = readHost(text);
      if (!this.#isKnownName(target) && !visit.isProved()) refuseName(target.name);
    }
    if (this.#isKnownName(readHost(host))) this.#lastHost = host;
  }

  #checkOrigin(origin: string, host: string | undefined): void {
    const from = parseOrigin(origin);
    const target = host === undefined ? undefined : parseAuthority(host);
    if (from !== undefined && target !== undefined && isSamePlace(from, target)) return;
    const isNamed = from !== undefined;
    const fix = isNamed
      ? `To allow that page, start the server with --allow-origin ${formatOrigin(from)}.`
      : 'Open the page over http or https, and start the server with --allow-origin and its origin.';
    const text = `A page of ${shown(origin)} sent this request, and only pages of the server's own origin may. ${fix}`;
    throw refusal('FORBIDDEN', text);
  }
}

/** The name of a request line that holds a whole URL, which outweighs `Host` (RFC 9112, 3.2.2). */
function nameIn(url: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
}

function normalOrigin(text: string): string[] {
  const origin = parseOrigin(text);
  return origin === undefined ? [] : [formatOrigin(origin)];
}

function refuseSecondHost(rawHeaders: readonly string[]): void {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  if (count > 1) throw refusal('INVALID_INPUT', `Expected one Host header but received ${count}.`);
}

function readHost(text: string): Authority {
  const target = parseAuthority(text);
  if (target !== undefined) return target;
  throw refusal('INVALID_INPUT', `Host ${shown(text)} cannot be read: expected a name or an address, and a port.`);
}

function refuseName(name: string): never {
  const text =
    `The request was sent to '${name}', which is not a name of this server, so it may come from a hostile page (DNS rebinding). ` +
    `If the name is right, start the server with --allow-host ${name}.`;
  throw refusal('FORBIDDEN', text);
}

function refuseSite(site: string | string[]): never {
  const text =
    `A page of another site sent this request (Sec-Fetch-Site: ${shown(String(site))}), which is not allowed. ` +
    'To allow it, use fetch with CORS there and start the server with --allow-origin and its origin.';
  throw refusal('FORBIDDEN', text);
}

/** A link to one of the server's pages, clicked elsewhere: nothing changes, and the page that it was on reads nothing. */
function isFollowedLink({ method, headers }: Visit): boolean {
  return method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

/** A client's text, short and without what could steer a terminal. */
function shown(text: string): string {
  return `'${text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?')}'`;
}
