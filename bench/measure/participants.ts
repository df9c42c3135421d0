import type { NamedTensors } from '../../src/tensor/tensor.js';
import type { BareServer } from '../baselines/bare-server.js';
import type { RawLoop } from '../baselines/raw-loop.js';
import type { LoadGenerator } from '../load/load.js';
import type { Arrivals, WindowResult } from '../load/messages.js';
import type { Method } from '../types.js';
import { readCpuSeconds as readCpuSecondsOf } from '../targets/server-facts.js';
import type { Origin, Target } from '../targets/target.js';
import type { Point, PointArrivals } from '../load/points.js';
import { toWireRequest, type Payload } from '../targets/requests.js';
import type { Participant, Sample } from './sample.js';

/** What one point is measured with. */
export interface PointLoad {
  readonly point: Point;
  readonly payloads: readonly Payload[];
  readonly load: LoadGenerator;
  readonly timing: Pick<Method, 'windowMs' | 'warmupMs'>;
  readonly signal: AbortSignal;
}

/** A server under test, and how its CPU seconds so far are read. */
export interface MeasuredServer {
  readonly name: string;
  readonly origin: Origin;
  readonly readCpuSeconds: () => Promise<number | undefined>;
}

/** One under test that says its CPU time in /metrics. */
export function measureTarget(target: Target, context: PointLoad): Participant {
  const { name, origin } = target;
  return measureServer({ name, origin, readCpuSeconds: () => readCpuSecondsOf(target) }, context);
}

/** Its CPU time a request counts warm-up and window, with the answers of both; null where there were none. */
export function measureServer({ name, origin, readCpuSeconds }: MeasuredServer, context: PointLoad): Participant {
  return {
    name,
    role: 'target',
    measure: async () => {
      const before = await readCpuSeconds();
      const { window, answered } = await send(origin, context);
      const after = before === undefined ? undefined : await readCpuSeconds();
      const isKnown = before !== undefined && after !== undefined && answered > 0;
      const serverCpuMs = isKnown ? ((after - before) * 1000) / answered : null;
      return toSample(window, { batch: context.point.batch, serverCpuMs });
    },
  };
}

/** The server that infers nothing. */
export function measureBare(bare: BareServer, context: PointLoad): Participant {
  const origin = { host: bare.host, port: bare.port, basePath: '', headers: {} };
  return {
    name: 'bare http',
    role: 'bare',
    measure: async () => {
      const { window } = await send(origin, context);
      return toSample(window, { batch: context.point.batch, serverCpuMs: null });
    },
  };
}

/** The loop without a server, in as many threads as there are clients, at most those of the server. */
export function measureRaw(loop: RawLoop, { threads, ...order }: RawOptions, context: PointLoad): Participant {
  const { point, timing } = context;
  const active = point.arrivals.kind === 'closed' ? Math.min(point.arrivals.concurrency, threads) : threads;
  return {
    name: `raw ${active} ${active === 1 ? 'thread' : 'threads'}`,
    role: 'raw',
    measure: async () => {
      const { runs, elapsedMs, latencies, cpuMs } = await loop.run({ rows: point.batch, active, ...order, ...timing });
      const nothing = { statuses: {}, serverMs: {}, clientMs: null, devices: {}, backlog: 0 };
      return { ...nothing, serverCpuMs: cpuMs, inferences: runs * point.batch, elapsedMs, latencies };
    },
  };
}

/** How the raw loop runs a model. */
export interface RawOptions {
  readonly threads: number;
  readonly variable: number;
  /** What every run is given; absent: made up from the model's inputs. */
  readonly feeds?: NamedTensors;
}

/** One window of load on a server. */
async function send(origin: Origin, context: PointLoad): Promise<{ window: WindowResult; answered: number }> {
  const { point, payloads, load, timing, signal } = context;
  const order = {
    host: origin.host,
    port: origin.port,
    requests: payloads.map((payload) => toWireRequest(payload, origin)),
    arrivals: toArrivals(point.arrivals),
    ...timing,
    windows: 1,
    timeoutMs: 30_000,
  };
  const { windows, answered } = await load.run(order, signal);
  const [window] = windows;
  if (window === undefined) throw new TypeError('The load generator answered no window');
  return { window, answered };
}

function toArrivals(arrivals: PointArrivals): Arrivals {
  return arrivals.kind === 'closed' ? arrivals : { ...arrivals, maxConnections: 256, seed: 1 };
}

/** A window as a sample. */
function toSample(window: WindowResult, own: { readonly batch: number; readonly serverCpuMs: number | null }): Sample {
  const { completed, elapsedMs, latencies, statuses, serverMs, clientMs, devices, backlog } = window;
  const { batch, serverCpuMs } = own;
  return {
    inferences: completed * batch,
    elapsedMs,
    latencies,
    statuses,
    serverMs,
    clientMs: completed > 0 ? clientMs : null,
    serverCpuMs,
    devices,
    backlog,
  };
}
