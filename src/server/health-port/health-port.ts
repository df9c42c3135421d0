import { Worker } from 'node:worker_threads';
import { AppError } from '../../errors.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Answer } from './answers.js';
import type { FromHealthPort, HealthPortData, ToHealthPort } from './messages.js';

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
export async function openHealthPort(options: HealthPortOptions): Promise<OpenHealthPort> {
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
