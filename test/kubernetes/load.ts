import { openConnection } from '../../src/client/connection.js';

/** What clients were told while something happened. */
export interface Counts {
  readonly answered: number;
  /** Every answer that is not 200, and what broke connections. */
  readonly failed: readonly string[];
}

/** Asks an address again and again while `action` runs: two clients, of which one opens a connection for each request. */
export async function underLoad(url: string, action: () => Promise<void>): Promise<Counts> {
  const clients = [{}, { connection: 'close' }].map((headers) => async (): Promise<string | undefined> => {
    try {
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
      const isEmpty = (await response.text()) === '';
      return response.status === 200 && !isEmpty ? undefined : `${response.status}${isEmpty ? ' empty' : ''}`;
    } catch (thrown) {
      const { cause = thrown } = thrown as Error;
      return String((cause as { readonly code?: unknown }).code ?? cause);
    }
  });
  return count(clients, action);
}

/** The same by four of this project's own clients, which try again what no server saw. */
export async function underRetryingLoad(url: string, action: () => Promise<void>): Promise<Counts> {
  const connections = Array.from({ length: 4 }, () => openConnection(url, { wasLaunched: false, retries: 10 }));
  const clients = connections.map((connection) => async (): Promise<string | undefined> => {
    try {
      return (await connection.models()).length > 0 ? undefined : 'no models';
    } catch (thrown) {
      return String(thrown);
    }
  });
  const counts = await count(clients, action);
  for (const connection of connections) connection.close();
  return counts;
}

async function count(
  clients: readonly (() => Promise<string | undefined>)[],
  action: () => Promise<void>,
): Promise<Counts> {
  const failed: string[] = [];
  let answered = 0;
  let isOver = false;
  const loads = clients.map(async (ask) => {
    while (!isOver) {
      const failure = await ask();
      if (failure === undefined) answered += 1;
      else failed.push(failure);
    }
  });
  await action().finally(() => (isOver = true));
  await Promise.all(loads);
  return { answered, failed };
}
