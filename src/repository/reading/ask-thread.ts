import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What a thread is asked, and how long and with how much memory it may take. */
export interface Question {
  readonly name: string;
  readonly workerData: unknown;
  readonly limitMs: number;
  readonly mostMiB: number;
}

/** The first message of a thread of its own, which is ended then. Rejects with the reason where it fails or takes longer. */
export async function askThread(entry: URL, { name, workerData, limitMs, mostMiB }: Question): Promise<unknown> {
  const thread = new Worker(entry, { name, workerData, resourceLimits: { maxOldGenerationSizeMb: mostMiB } });
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limitMs);
  try {
    const [answer] = (await once(thread, 'message', { signal: stop.signal })) as [unknown];
    return answer;
  } catch (error) {
    throw stop.signal.aborted ? new Error(`it takes longer than ${Math.round(limitMs / 1000)} s`) : error;
  } finally {
    clearTimeout(timer);
    void thread.terminate();
  }
}
