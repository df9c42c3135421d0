import type { Connection } from '../client/connection.js';

/** Names of the models that a server has ready, each once. */
export async function listReady(connection: Connection): Promise<readonly string[]> {
  const ready = (await connection.models()).filter(({ state }) => state === 'READY');
  return [...new Set(ready.map(({ name }) => name))];
}
