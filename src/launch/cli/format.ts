import { bracket } from '../../protocol/authority.js';
import type { PublishedPort } from '../docker/types.js';

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `12.3 MB`, powers of 1000 as the docker CLI counts sizes. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value >= 100 || unit === 0 ? Math.round(value) : Number(value.toPrecision(3))} ${units[unit] ?? ''}`;
}

const steps: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** The two largest units of a duration: `3 d 4 h`, `12 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = steps.map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return { count, text: `${count} ${unit}` };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  if (first === -1) return '0 s';
  const shown = parts.slice(first, first + 2).filter(({ count }) => count > 0);
  return shown.map(({ text }) => text).join(' ');
}

/** `127.0.0.1:8000->8000`, the IPv6 twin of an IPv4 port left out; `-` for none. */
export function formatPorts(ports: readonly PublishedPort[]): string {
  const published = ports.flatMap(({ hostIp = '', hostPort, containerPort, protocol }) => {
    if (hostPort === undefined || hostPort === 0) return [];
    const suffix = protocol === 'tcp' ? '' : `/${protocol}`;
    const twin = ports.some((other) => other.hostPort === hostPort && other.hostIp === '0.0.0.0' && hostIp === '::');
    return twin ? [] : [`${bracket(hostIp)}:${hostPort}->${containerPort}${suffix}`];
  });
  return published.length === 0 ? '-' : published.join(', ');
}

/** The first twelve digits of an id, as the docker CLI shows it. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
