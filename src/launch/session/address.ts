import { isIPv6 } from 'node:net';
import { addressOf } from '../../protocol/authority.js';
import type { ContainerDetails } from '../docker/types.js';
import { hostFrom, isTlsFrom } from '../request/server-options.js';
import { readVariables } from '../text/variables.js';

/** One address of the host that a port is published on; an empty address means every one. */
export interface HostPort {
  readonly hostIp: string;
  readonly port: number;
  readonly protocol: string;
}

/** Whether both cannot be held at once: one port, and addresses that are equal or of which one is its whole family. */
export function doCollide(one: HostPort, other: HostPort): boolean {
  if (one.port !== other.port || one.protocol !== other.protocol) return false;
  const [first, second] = [plainAddress(one.hostIp), plainAddress(other.hostIp)];
  if (first === '' || second === '') return true;
  if (isIPv6(first) !== isIPv6(second)) return false;
  return first === second || [first, second].some((address) => address === '0.0.0.0' || address === '::');
}

/** One spelling for an address: `localhost` is 127.0.0.1, `0:0::1` is `::1`. */
function plainAddress(text: string): string {
  const bare = text.replace(/^\[|\]$/g, '');
  if (bare === 'localhost') return '127.0.0.1';
  const url = `http://[${bare}]`;
  return isIPv6(bare) && URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : bare;
}

/** Where a port of a container is reached from here, or why it is not. */
export type ReachedAt = { readonly address: string } | { readonly address?: undefined; readonly reason: string };

/** `host:port` of a container's port: the published one, or its own on the host's network. */
export function findAddress(details: ContainerDetails, port: number, remoteHost: string | undefined): ReachedAt {
  if (details.networkMode === 'host') return findOnHostNetwork(details, port, remoteHost);
  const isServed = details.ports.find(
    (published) => published.containerPort === port && published.protocol === 'tcp' && published.hostPort !== undefined,
  );
  if (isServed?.hostPort === undefined) return { reason: whyUnpublished(details) };
  const { hostIp = '', hostPort } = isServed;
  if (remoteHost !== undefined && isLoopback(hostIp)) {
    return {
      reason: `it is published on ${hostIp}:${hostPort} of ${remoteHost} alone; reach it by ssh -L ${hostPort}:127.0.0.1:${hostPort} ${remoteHost}, or publish it with -p 0.0.0.0:${hostPort}:${port}`,
    };
  }
  return { address: addressOf(remoteHost ?? hostIp, hostPort) };
}

function whyUnpublished({ networkMode }: ContainerDetails): string {
  if (networkMode === 'none') return 'nothing reaches a container with --network none';
  if (networkMode.startsWith('container:')) return 'it has the network of another container, which publishes its ports';
  return 'no port is published; -p publishes one';
}

function findOnHostNetwork(
  { env, command }: ContainerDetails,
  port: number,
  remoteHost: string | undefined,
): ReachedAt {
  const host = hostFrom(readVariables(env), command);
  if (remoteHost !== undefined && isLoopback(host)) {
    return {
      reason: `it listens on ${host}:${port} of ${remoteHost} alone; reach it by ssh -L ${port}:${host}:${port} ${remoteHost}, or start it with -e SLIPWAY_HOST=0.0.0.0`,
    };
  }
  return { address: addressOf(remoteHost ?? host, port) };
}

function isLoopback(address: string): boolean {
  return /^(127\.|::1$|localhost$)/.test(address);
}

/** Where a server in a container is reached from here, or why it is not. */
export type ServerUrl = { readonly url: string } | { readonly url?: undefined; readonly reason: string };

/** The URL of a container's server. */
export function findUrl(details: ContainerDetails, port: number, remoteHost: string | undefined): ServerUrl {
  const found = findAddress(details, port, remoteHost);
  if (found.address === undefined) return found;
  return { url: `${schemeOf(isTlsFrom(readVariables(details.env), details.command))}://${found.address}` };
}

/** The URL of a listener, seen from its own machine. */
export function urlOf(host: string, port: number, isTls = false): string {
  return `${schemeOf(isTls)}://${addressOf(host, port)}`;
}

function schemeOf(isTls: boolean): string {
  return isTls ? 'https' : 'http';
}

/** The container's own address on its first network that gave it one. */
export function findIp({ networks }: ContainerDetails): string | undefined {
  return networks.map(({ ip }) => ip).find((ip) => ip !== '');
}
