// The raw loop's own process: as many threads as ordered, all in the same windows; their runs are added up window by window.
import { Worker } from 'node:worker_threads';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import { messageOf } from '../../src/errors.js';
import { mergeHistograms } from '../stats/histogram.js';
import type { FromRaw, FromRawThread, RawOrder, RawWindow } from './raw-messages.js';

disableTelemetry(process.env);

async function runOrder({ threads, ...rest }: RawOrder): Promise<readonly RawWindow[]> {
  const start = new SharedArrayBuffer(4);
  let loaded = 0;
  const all = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL('./raw-loop-thread.js', import.meta.url), { workerData: { ...rest, start } });
    return new Promise<readonly RawWindow[]>((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (message: FromRawThread) => {
        if (message.kind === 'windows') resolve(message.windows);
        else if (++loaded === threads) {
          Atomics.store(new Int32Array(start), 0, 1);
          Atomics.notify(new Int32Array(start), 0);
        }
      });
    });
  });
  const byThread = await Promise.all(all);
  return Array.from({ length: rest.windows }, (_, window) => addUp(byThread.map((windows) => windows[window])));
}

function addUp(parts: readonly (RawWindow | undefined)[]): RawWindow {
  const present = parts.filter((part) => part !== undefined);
  const latencies = mergeHistograms(present.map((part) => part.latencies));
  return { runs: present.reduce((sum, { runs }) => sum + runs, 0), latencies: latencies.toData() };
}

process.once('message', (order: RawOrder) => {
  const tell = (message: FromRaw): void => {
    process.send?.(message, undefined, {}, () => process.disconnect());
  };
  runOrder(order).then(
    (windows) => tell({ kind: 'windows', windows }),
    (error: unknown) => tell({ kind: 'failed', message: messageOf(error) }),
  );
});
