import type { Report, Row } from '../types.js';

/** Columns that perf_analyzer writes, in its order and with its units (microseconds); what it does not know follows. */
const columns: readonly (readonly [name: string, value: (row: Row) => number | string])[] = [
  ['Concurrency', ({ concurrency }) => concurrency ?? ''],
  ['Inferences/Second', ({ rate }) => rate],
  ['Client Send', (row) => row.clientMs?.send ?? 0],
  ['Network+Server Send/Recv', networkMs],
  ['Server Queue', ({ serverMs }) => serverMs['queue'] ?? 0],
  ['Server Compute Input', ({ serverMs }) => serverMs['decode'] ?? 0],
  ['Server Compute Infer', ({ serverMs }) => serverMs['compute'] ?? 0],
  ['Server Compute Output', ({ serverMs }) => serverMs['encode'] ?? 0],
  ['Client Recv', (row) => row.clientMs?.receive ?? 0],
  ['p50 latency', ({ p50Ms }) => p50Ms],
  ['p90 latency', ({ p90Ms }) => p90Ms],
  ['p95 latency', ({ p95Ms }) => p95Ms],
  ['p99 latency', ({ p99Ms }) => p99Ms],
  ['Model', ({ model }) => model],
  ['Target', ({ target }) => target],
  ['Batch Size', ({ batch }) => batch],
  ['State', ({ state }) => state],
];
const inMicroseconds = new Set(columns.slice(2, 13).map(([name]) => name));

/** What is left of a request's mean time beside what client and server account for. */
function networkMs({ meanMs, clientMs, serverMs }: Row): number {
  const server = ['queue', 'decode', 'compute', 'encode'].reduce((sum, part) => sum + (serverMs[part] ?? 0), 0);
  return Math.max(0, meanMs - server - (clientMs?.send ?? 0) - (clientMs?.receive ?? 0));
}

/** The closed-loop rows of the servers as CSV (RFC 4180). */
export function formatCsv({ rows }: Pick<Report, 'rows'>): string {
  const chosen = rows.filter(
    ({ role, scenario }) => role === 'target' && (scenario === 'concurrency' || scenario === 'batch'),
  );
  const lines = chosen.map((row) => columns.map(([name, valueOf]) => toCell(name, valueOf(row))).join(','));
  return [columns.map(([name]) => name).join(','), ...lines, ''].join('\r\n');
}

function toCell(name: string, value: number | string): string {
  if (typeof value === 'string') return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  if (!Number.isFinite(value)) return '';
  if (inMicroseconds.has(name)) return String(Math.round(value * 1000));
  return String(Number(value.toFixed(2)));
}
