// One thread of the raw loop: loads the model, waits until all threads have, then runs it again and again until the windows are over.
import { parentPort, workerData } from 'node:worker_threads';
import type { EngineSession } from '../../src/engine/engine.js';
import { ortEngine } from '../../src/engine/ort.js';
import type { NamedTensors } from '../../src/tensor/tensor.js';
import { Histogram } from '../stats/histogram.js';
import { drawInputs } from '../synthetic-inputs.js';
import type { FromRawThread, RawThreadData, RawWindow } from './raw-messages.js';

const order = workerData as RawThreadData;
const tell = (message: FromRawThread): void => parentPort?.postMessage(message);

async function runFor(session: EngineSession, feeds: NamedTensors, forMs: number): Promise<RawWindow> {
  const names = session.outputs.map(({ name }) => name);
  const latencies = new Histogram();
  const endAt = performance.now() + forMs;
  let before = performance.now();
  while (before < endAt) {
    await session.run(feeds, names);
    const after = performance.now();
    latencies.record(after - before);
    before = after;
  }
  return { runs: latencies.count, latencies: latencies.toData() };
}

const session = await ortEngine.createSession(order.spec);
const feeds = drawInputs(session.inputs, { rows: Math.max(1, order.rows), seed: 1 });
tell({ kind: 'loaded' });
Atomics.wait(new Int32Array(order.start), 0, 0);
await runFor(session, feeds, order.warmupMs);
const windows: RawWindow[] = [];
for (let i = 0; i < order.windows; i++) windows.push(await runFor(session, feeds, order.windowMs));
tell({ kind: 'windows', windows });
await session.release();
