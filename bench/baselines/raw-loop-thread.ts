// One thread of the raw loop: loads the model once, then runs it again and again for as long as each order says.
import { parentPort, workerData } from 'node:worker_threads';
import type { EngineSession, SessionSpec } from '../../src/engine/engine.js';
import { ortEngine } from '../../src/engine/ort/ort.js';
import { messageOf } from '../../src/errors.js';
import { drawTensors } from '../../src/tensor/drawn.js';
import type { NamedTensors } from '../../src/tensor/tensor.js';
import { Histogram } from '../stats/histogram.js';
import type { FromRaw, RawOrder, ThreadWindow } from './raw-messages.js';

const tell = (message: FromRaw<ThreadWindow>): void => parentPort?.postMessage(message);

async function runFor(
  session: EngineSession,
  feeds: NamedTensors,
  forMs: number,
): Promise<Omit<ThreadWindow, 'allRuns'>> {
  const names = session.outputs.map(({ name }) => name);
  const latencies = new Histogram();
  const startedAt = performance.now();
  let before = startedAt;
  while (before - startedAt < forMs) {
    await session.run(feeds, names);
    const after = performance.now();
    latencies.record(after - before);
    before = after;
  }
  return { runs: latencies.count, elapsedMs: before - startedAt, latencies: latencies.toData() };
}

const session = await ortEngine.createSession(workerData as SessionSpec);
tell({ kind: 'ready', runtimeVersion: ortEngine.version });

async function obey({ rows, variable, warmupMs, windowMs, feeds: given }: RawOrder): Promise<ThreadWindow> {
  const feeds = given ?? drawTensors(session.inputs, { rows, variable, seed: 1 });
  const warmup = await runFor(session, feeds, warmupMs);
  const window = await runFor(session, feeds, windowMs);
  return { ...window, allRuns: warmup.runs + window.runs };
}

parentPort?.on('message', (order: RawOrder) => {
  obey(order).then(
    (window) => tell({ kind: 'window', window }),
    (error: unknown) => tell({ kind: 'failed', message: messageOf(error) }),
  );
});
