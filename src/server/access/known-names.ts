import type { Authority } from '../settings/authority.js';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Names by which a machine knows itself. */
export interface OwnNames {
  readonly hostName: string;
  /** The search list of its resolver, in which a cluster names the namespace. */
  readonly searchDomains: readonly string[];
}

/** Says whether a request may name the server so. */
export type NameCheck = (target: Authority) => boolean;

/**
 * Suffixes under which nobody can register a name: RFC 6761 (localhost, test), 6762 (local), 8375 (home.arpa), the `internal` reserved by
 * ICANN, the ones that it never delegates (home, corp), and those of Kubernetes, Docker and routers.
 */
const privateSuffixes = [
  'localhost', 'test', 'local', 'home.arpa', 'internal', 'home', 'corp', 'lan', 'localdomain', 'intranet', 'svc', 'default',
]; // prettier-ignore

/**
 * A page whose name is made to resolve to this server (DNS rebinding) sends that name, which is registered in public. So these are known
 * without being told: addresses, names of one label (Compose services, containers), private suffixes, the machine's own name, and its own
 * namespace of a cluster. `allowed` adds others: `models.example.com`, `*.example.com`, or `*` for all.
 */
export function createNameCheck(own: OwnNames, allowed: readonly string[]): NameCheck {
  const listed = allowed.map((name) => name.toLowerCase().replace(/\.$/, ''));
  if (listed.includes('*')) return () => true;
  const exact = new Set([...listed, ...ownNames(own)]);
  const suffixes = [
    ...privateSuffixes.map((suffix) => `.${suffix}`),
    ...clusterSuffixes(own),
    ...listed.filter((name) => name.startsWith('*.')).map((name) => name.slice(1)),
  ];
  return ({ name, isAddress }) =>
    isAddress || isPrivateLabel(name) || exact.has(name) || suffixes.some((suffix) => name.endsWith(suffix));
}

/** A lone label, and one with an underscore at the end (`container.project_default`, a network of Compose), are no public names. */
function isPrivateLabel(name: string): boolean {
  const last = name.slice(name.lastIndexOf('.') + 1);
  return last === name || last.includes('_');
}

function ownNames({ hostName, searchDomains }: OwnNames): readonly string[] {
  const name = hostName.toLowerCase();
  return [name, ...searchDomains.map((domain) => `${name}.${domain.toLowerCase()}`)];
}

/**
 * `models.svc.cluster.local` in the search list: services here are `x.models`, `x.models.svc` and `x.models.svc.cluster.local`, whatever the
 * cluster's domain. A namespace as short as a country's domain (`ml`, `dev`) is not taken for one: `x.ml` may be a page's.
 */
function clusterSuffixes({ searchDomains }: OwnNames): readonly string[] {
  return searchDomains.flatMap((domain) => {
    const [, namespace, cluster] = /^([a-z0-9-]+)\.svc\.(.+)$/i.exec(domain) ?? [];
    if (namespace === undefined || cluster === undefined) return [];
    return namespace.length > 3 ? [`.${namespace}`, `.svc.${cluster}`] : [`.svc.${cluster}`];
  });
}

/** Reads the machine's own name and its resolver's search list, where it has one. */
export async function readOwnNames(): Promise<OwnNames> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  return { hostName: hostname(), searchDomains: parseSearchDomains(text) };
}

/** The last `search` or `domain` line counts (resolv.conf(5)). */
export function parseSearchDomains(text: string): readonly string[] {
  const lines = [...text.matchAll(/^[ \t]*(?:search|domain)[ \t]+(.+)$/gm)];
  return (lines.at(-1)?.[1] ?? '').split(/\s+/).filter((word) => word !== '' && word !== '.');
}
