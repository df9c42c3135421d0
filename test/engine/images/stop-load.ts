import { Agent, request } from 'node:http';

/** What became of the requests of a load. */
export interface LoadCount {
  /** Answered 200, by host. */
  readonly answered: Map<string, number>;
  /** Clients that a server asked to leave, by closing their connection with its answer. */
  moved: number;
  /** Answered with another status, refused, or cut off. */
  readonly failed: string[];
}

export interface Load {
  readonly count: LoadCount;
  stop(): Promise<void>;
}

const input = { name: 'window', datatype: 'FP32', shape: [1, 64], data: Array<number>(64).fill(0.5) };
const body = JSON.stringify({ inputs: [input] });

/**
 * Clients that each infer over a kept connection, one request after the other, as a balancer does: all on the first
 * host, and each on the second from when an answer of the first closed its connection. Nothing is sent twice.
 */
export function startLoad(hosts: readonly [string, string], clients: number): Load {
  const count: LoadCount = { answered: new Map(), moved: 0, failed: [] };
  const stop = new AbortController();
  const runs = Array.from({ length: clients }, () => runClient(hosts, count, stop.signal));
  return {
    count,
    stop: async () => {
      stop.abort();
      await Promise.all(runs);
    },
  };
}

async function runClient(
  [first, second]: readonly [string, string],
  count: LoadCount,
  signal: AbortSignal,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let host = first;
  while (!signal.aborted) {
    const { outcome, isClosing } = await infer(host, agent);
    if (outcome === 200) count.answered.set(host, (count.answered.get(host) ?? 0) + 1);
    else count.failed.push(`${host}: ${outcome}`);
    if (isClosing && host === first) {
      count.moved += 1;
      host = second;
    }
    if (outcome !== 200) break;
  }
  agent.destroy();
}

function infer(host: string, agent: Agent): Promise<{ outcome: number | string; isClosing: boolean }> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const path = '/v2/models/anomaly/infer';
    const sent = request({ host, port: 8000, method: 'POST', path, headers, agent }, (response) => {
      const isClosing = response.headers.connection === 'close';
      response.on('error', (error) => resolve({ outcome: `answer cut: ${error.message}`, isClosing }));
      response.resume().on('end', () => resolve({ outcome: response.statusCode ?? 0, isClosing }));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ outcome: error.code ?? error.message, isClosing: false });
    });
    sent.end(body);
  });
}
