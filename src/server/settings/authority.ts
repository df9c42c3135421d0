import { isIP } from 'node:net';
import { bracket } from '../../protocol/authority.js';

/** Where a request says that it goes: the value of `Host`, or the middle of an origin. */
export interface Authority {
  /** Lower case, without brackets, zone and the dot at its end. */
  readonly name: string;
  readonly isAddress: boolean;
  /** Undefined: the scheme's own. */
  readonly port: number | undefined;
}

const shape = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{0,5}))?$/;
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Reads `name`, `name:port`, `1.2.3.4:80` or `[::1]:80` (RFC 9112, 3.2); undefined where it is none of these. */
export function parseAuthority(text: string): Authority | undefined {
  const [, bracketed, plain = '', digits = ''] = shape.exec(text) ?? [];
  const port = digits === '' ? undefined : Number(digits);
  if (port !== undefined && port > 65_535) return undefined;
  if (bracketed !== undefined) {
    const name = bracketed.toLowerCase().replace(/%.*$/, '');
    return isIP(name) === 6 ? { name, isAddress: true, port } : undefined;
  }
  if (isIP(plain) === 4) return { name: plain, isAddress: true, port };
  const name = plain.toLowerCase().replace(/\.$/, '');
  if (name.length > 253 || !name.split('.').every((part) => label.test(part))) return undefined;
  return { name, isAddress: false, port };
}

/** An origin as browsers send it. */
export interface Origin {
  readonly scheme: string;
  readonly authority: Authority;
}

/** Reads `scheme://host[:port]`; undefined for `null`, for several, and for everything else. */
export function parseOrigin(text: string): Origin | undefined {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? [];
  const authority = parseAuthority(rest);
  return scheme === undefined || authority === undefined ? undefined : { scheme: scheme.toLowerCase(), authority };
}

const schemePorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** Whether an origin is the server that a request went to; a port that is left out is the one of the origin's scheme. */
export function isSamePlace({ scheme, authority }: Origin, target: Authority): boolean {
  const usual = schemePorts[scheme];
  if (usual === undefined || authority.name !== target.name) return false;
  return (authority.port ?? usual) === (target.port ?? usual);
}

/** The form in which origins are compared: lower case, without the scheme's own port. */
export function formatOrigin({ scheme, authority: { name, port } }: Origin): string {
  return `${scheme}://${bracket(name)}${port === undefined || port === schemePorts[scheme] ? '' : `:${port}`}`;
}
