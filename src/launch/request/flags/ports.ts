import { splitCsv, splitKeyValue, flagError } from './csv.js';

/** One published port. `hostPort` is empty for one that the engine picks, or a range `8000-8010` to pick from. */
export interface PortMapping {
  readonly hostIp: string;
  readonly hostPort: string;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

/** Ports face this machine only, unless an address is named: docker's own default would pass the firewall. */
const defaultHostIp = '127.0.0.1';

const flag = '-p';

interface PortText {
  readonly ip: string;
  readonly host: string;
  readonly container: string;
  readonly protocol: string;
}

/** `[ip:][host]:container[/proto]` with ranges, or `published=,target=,protocol=,host_ip=`: one mapping a container port. */
export function parsePort(text: string): readonly PortMapping[] {
  const isLong = /^(?:published|target|protocol|mode|host_ip|name|app_protocol)=/.test(text);
  return expand(text, isLong ? splitLong(text) : splitShort(text));
}

function splitShort(text: string): PortText {
  const match = /^(?:(?:\[([^\]]*)\]|([^:/]*)):(?=[^/]*:))?(?:([^:/]*):)?([^:/]+)(?:\/([a-z]+))?$/i.exec(text);
  if (match === null) {
    throw flagError(
      flag,
      text,
      'expected [ip:][host port:]container port, for instance 8080:8000 or 0.0.0.0:8080:8000',
    );
  }
  const [, ip6, ip4, host, container = '', protocol = 'tcp'] = match;
  return { ip: ip6 ?? ip4 ?? '', host: host ?? '', container, protocol: protocol.toLowerCase() };
}

function splitLong(text: string): PortText {
  const found = { ip: '', host: '', container: '', protocol: 'tcp' };
  for (const { key, value } of splitCsv(flag, text).map(splitKeyValue)) {
    if (key === 'published') found.host = value ?? '';
    else if (key === 'target') found.container = value ?? '';
    else if (key === 'protocol') found.protocol = value ?? '';
    else if (key === 'host_ip') found.ip = value ?? '';
    else throw flagError(flag, text, `unknown key ${key}; expected published, target, protocol, host_ip`);
  }
  if (found.container === '') throw flagError(flag, text, 'target= is missing: the port inside the container');
  return found;
}

function expand(text: string, { ip, host, container, protocol }: PortText): readonly PortMapping[] {
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
    throw flagError(flag, text, `unknown protocol ${protocol}; expected tcp, udp or sctp`);
  }
  if (ip !== '' && !/^[\d.]+$|^[\da-f:]+(%.+)?$/i.test(ip)) {
    const hint =
      ip === 'localhost' ? `type ${flag} ${text.replace('localhost', defaultHostIp)}` : 'names are not accepted here';
    throw flagError(flag, text, `${ip} is not an IP address; ${hint}`);
  }
  const inside = parseRange(text, container);
  const outside = host === '' ? undefined : parseRange(text, host);
  const hostIp = ip === '' ? defaultHostIp : ip;
  if (outside !== undefined && inside.length === 1 && outside.length > 1) {
    return [{ hostIp, hostPort: host, containerPort: inside[0] ?? 0, protocol }];
  }
  if (outside !== undefined && outside.length !== inside.length) {
    throw flagError(
      flag,
      text,
      `${outside.length} host ports for ${inside.length} container ports; ranges must be of one length`,
    );
  }
  return inside.map((containerPort, index) => ({
    hostIp,
    hostPort: outside === undefined ? '' : String(outside[index]),
    containerPort,
    protocol,
  }));
}

function parseRange(text: string, range: string): readonly number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first < 1 || last > 65535 || last < first) {
    throw flagError(flag, text, `${range} is not a port or range of ports from 1 to 65535`);
  }
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
