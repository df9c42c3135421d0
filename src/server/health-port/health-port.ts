import { Worker } from 'node:worker_threads';
import { AppError } from '../../errors.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Answer } from './answers.js';
import type { FromHealthPort, HealthPortData, ToHealthPort } from './messages.js';
import { encodeServerHealth, type ServerHealth } from '../../protocol/server-health.js';
import type { OwnNames } from '../access/known-names.js';
import type { Settings } from '../settings/settings.js';

/** What the health port answers with. */
export interface HealthPortOptions extends Omit<HealthPortData, 'pulse' | 'pulseMs'> {
  /** What `/v2/health/ready` answers now. */
  readonly health: () => Answer;
  readonly metrics: () => Promise<Metrics>;
}

/** A health port that answers. */
export interface OpenHealthPort {
  readonly port: number;
  /** Tells the state at once. */
  push(): void;
  close(): Promise<void>;
}

const pulseMs = 250;

/**
 * A port whose answers come from a thread of its own, which the HTTP thread tells its state four times a second: whatever the HTTP
 * thread does, health is answered at once. Rejects with PORT_IN_USE and USAGE.
 */
async function openHealthPort(options: HealthPortOptions): Promise<OpenHealthPort> {
  const { health, metrics, ...data } = options;
  const pulse = new SharedArrayBuffer(4);
  const workerData: HealthPortData = { ...data, pulse, pulseMs };
  const thread = new Worker(new URL('./thread.js', import.meta.url), { name: 'health', workerData });
  const tell = (message: ToHealthPort): void => thread.postMessage(message);
  let last = '';
  const push = (): void => {
    const now = health();
    const text = `${now.status} ${now.body}`;
    if (text !== last) tell({ kind: 'health', health: now });
    last = text;
  };
  const port = await listening(thread, data);
  thread.unref();
  thread.on('message', ({ kind }: FromHealthPort) => {
    if (kind === 'scrape') void expose(metrics).then((exposition) => tell({ kind: 'metrics', exposition }));
  });
  push();
  const timer = setInterval(() => {
    Atomics.add(new Int32Array(pulse), 0, 1);
    push();
  }, pulseMs).unref();
  return {
    port,
    push,
    async close() {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}

async function expose(metrics: () => Promise<Metrics>) {
  const source = await metrics();
  return { text: await source.expose(), contentType: source.contentType };
}

function listening(thread: Worker, { host, port }: Pick<HealthPortData, 'host' | 'port'>): Promise<number> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', (message: FromHealthPort) => {
      if (message.kind === 'listening') resolve(message.port);
      if (message.kind !== 'failed') return;
      void thread.terminate();
      const isUsed = message.code === 'EADDRINUSE';
      const why = isUsed ? 'is in use by another process' : `cannot be listened on: ${message.message}`;
      reject(new AppError(isUsed ? 'PORT_IN_USE' : 'USAGE', `${host} port ${port} (--health-port) ${why}.`));
    });
  });
}

/** What a health port tells, and whom. */
interface HealthPortParts {
  readonly ownNames: OwnNames;
  readonly asksForKeys: boolean;
  readonly health: () => ServerHealth;
  readonly metrics: () => Promise<Metrics>;
}

/** The health port where the settings have one. Rejects with PORT_IN_USE or USAGE. */
export async function openOwnHealthPort(
  settings: Settings,
  { ownNames, asksForKeys, metrics, ...parts }: HealthPortParts,
): Promise<OpenHealthPort | undefined> {
  const { host, healthPort: port, basePath, pages, auth } = settings;
  if (port === undefined) return undefined;
  const hasMetrics = !asksForKeys || auth.openMetrics;
  const health = () => {
    const now = parts.health();
    return { status: now.ready ? 200 : 503, body: JSON.stringify(encodeServerHealth(now)) };
  };
  return openHealthPort({ host, port, basePath, pages, ownNames, hasMetrics, health, metrics });
}
