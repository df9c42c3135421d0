import { isIPv6 } from 'node:net';

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
