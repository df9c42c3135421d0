import { startLoadGenerator, type LoadGenerator } from '../../bench/load/load.js';
import type { LoadOrder, WindowResult } from '../../bench/load/messages.js';
import { Histogram } from '../../bench/stats/histogram.js';

/** The time that an answer is said to have taken, in milliseconds, when so many clients ask the server at a port. */
export type Law = (clients: number, port: number) => number | Promise<number>;

/**
 * The real load generator, whose requests a real server answers, but whose times follow a law instead of the clock: what
 * is made of measurements can then be tested on a machine of any speed, however busy.
 */
export function startLawfulLoad(law: Law): LoadGenerator {
  const load = startLoadGenerator();
  return {
    run: async (order, signal) => {
      const clients = order.arrivals.kind === 'closed' ? order.arrivals.concurrency : order.arrivals.maxConnections;
      const { windows, answered } = await load.run(order, signal);
      const latencyMs = await law(clients, order.port);
      return { windows: windows.map((window) => obey(window, { order, clients, latencyMs })), answered };
    },
    close: () => load.close(),
  };
}

/** A window as clients that each wait for `latencyMs` would see it. Failures stay. */
function obey(
  window: WindowResult,
  { order, clients, latencyMs }: { readonly order: LoadOrder; readonly clients: number; readonly latencyMs: number },
): WindowResult {
  const completed = Math.max(1, Math.round((clients * order.windowMs) / latencyMs));
  const latencies = new Histogram();
  for (let i = 0; i < completed; i++) latencies.record(latencyMs);
  const failures = Object.entries(window.statuses).filter(([status]) => !status.startsWith('2'));
  return {
    ...window,
    completed,
    elapsedMs: (completed * latencyMs) / clients,
    latencies: latencies.toData(),
    statuses: { ...Object.fromEntries(failures), 200: completed },
  };
}
