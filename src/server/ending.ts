import type { BackendStart } from './backend/backend.js';
import type { Codec } from './codec/codec.js';
import type { App } from './http/app.js';
import type { HttpDeps } from './http-side.js';
import type { Lifecycle } from './lifecycle.js';
import { leave } from './listen.js';
import type { Pipelines } from './pipelines/pipelines.js';
import type { Ports } from './ports.js';
import type { ServeOptions } from './serve-options.js';
import type { Streams } from './stream/streams.js';
import { idleMs } from './supervision/succession.js';
import type { Telemetry } from './telemetry/telemetry.js';

/** Takes no more connections, and closes each there is after its next answer; idle ones when clients may expect it. */
export async function leaveAll(
  { settings, streams }: Pick<HttpDeps, 'settings' | 'streams'>,
  { http, grpc }: Ports,
): Promise<void> {
  const apps = [http?.main, http?.metrics, http?.management].filter((app) => app !== undefined);
  const mostMs = idleMs(settings);
  const left = Promise.all([...apps.map(leave), grpc?.leave(mostMs), streams.stop()]);
  await Promise.race([left, wait(mostMs)]);
}

/** What ends with a server. */
interface Stopping {
  readonly options: ServeOptions;
  readonly lifecycle: Lifecycle;
  readonly ports: Ports;
  readonly codec: Codec;
  readonly streams: Streams;
  readonly backend: BackendStart;
  readonly telemetry: Telemetry | undefined;
  readonly pipelines: Pipelines;
}

/** The longest that the end waits for telemetry to be sent. */
const mostTelemetryMs = 3000;

/** Ready turns 503; after the delay nothing new is taken, running and queued requests finish, and everything ends. */
export async function stopServer(stopping: Stopping): Promise<void> {
  const { options, lifecycle, codec, backend, telemetry, pipelines, streams } = stopping;
  const { http, grpc, healthPort } = stopping.ports;
  const startMs = performance.now();
  const { delayMs, timeoutMs } = options.settings.stop;
  lifecycle.stop();
  pipelines.close();
  healthPort?.push();
  const opened = await backend.opened.catch(() => undefined);
  if (http?.main.fastify.server.listening === true) await wait(delayMs);
  await Promise.all([streams.stop(), closeApp(http?.main), grpc?.stop()]);
  await closeApp(http?.management);
  const leftMs = delayMs + timeoutMs - (performance.now() - startMs);
  await telemetry?.stop(Math.max(0, Math.min(mostTelemetryMs, leftMs / 2)));
  await opened?.repository.close();
  await opened?.runner.close();
  await codec.close();
  await closeApp(http?.metrics);
  await healthPort?.close();
}

/** A connection accepted just now may have a request under way; one that stays silent this long is not waited for. */
const silenceMs = 500;

async function closeApp(app: App | undefined): Promise<void> {
  if (app === undefined) return;
  const { fastify, connections } = app;
  const timer = setTimeout(() => connections.closeSilent(), silenceMs);
  // The framework does not wait for what it did not open itself.
  await Promise.all([new Promise((resolve) => fastify.server.close(resolve)), fastify.close()]);
  clearTimeout(timer);
}

/** Resolves after so many milliseconds, at once for none. */
export function wait(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
