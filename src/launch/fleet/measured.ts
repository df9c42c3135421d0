import type { ContainerDetails } from '../docker/types.js';
import { findUrl, urlOf, variablesOf } from '../session/address.js';
import { containerLabels } from '../labels.js';
import { readServing } from '../session/readiness.js';
import { basePathFrom, isTlsFrom } from '../request/server-options.js';
import type { Member } from './fleet.js';

const limitMs = 1500;

/** Where a running server says that its models compute; empty where it does not say within a second and a half. */
export async function readDevices(
  member: Member,
  of: { readonly details: ContainerDetails | undefined; readonly remoteHost: string | undefined },
): Promise<readonly string[]> {
  const url = member.kind === 'native' ? nativeUrl(member) : containerUrl(of);
  return url === undefined ? [] : (await readServing(url, AbortSignal.timeout(limitMs))).devices;
}

function nativeUrl({ server: { request } }: Extract<Member, { kind: 'native' }>): string {
  return (
    urlOf(request.host, request.port, isTlsFrom(request.env, request.args)) + basePathFrom(request.env, request.args)
  );
}

function containerUrl({
  details,
  remoteHost,
}: {
  readonly details: ContainerDetails | undefined;
  readonly remoteHost: string | undefined;
}): string | undefined {
  if (details?.labels[containerLabels.managed] !== 'true') return undefined;
  const { url } = findUrl(details, Number(details.labels[containerLabels.port] ?? 8000), remoteHost);
  if (url === undefined) return undefined;
  return url + basePathFrom(variablesOf(details), details.command);
}
