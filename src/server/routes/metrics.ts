import type { Metrics } from '../metrics/metrics.js';
import type { Exchange } from '../http/exchange.js';
import type { Router } from '../http/router.js';
import { onceATurn } from './once-a-turn.js';

/** `/metrics`; the library behind it is loaded by the first scrape, or once the server is ready. */
export function addMetricsRoute(router: Router, metrics: () => Promise<Metrics>): void {
  const write = onceATurn(async () => {
    const source = await metrics();
    return { body: Buffer.from(await source.expose()), contentType: source.contentType };
  });
  const expose = async (exchange: Exchange): Promise<void> => {
    const { body, contentType } = await write();
    exchange.sendNew(200, body, ['content-type', contentType]);
  };
  router.get('/metrics', expose, 'any');
}
