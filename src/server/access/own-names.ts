import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { OwnNames } from './known-names.js';

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
