import type { Metrics } from '../metrics/metrics.js';
import type { Exchange } from '../http/exchange.js';
import type { Router } from '../http/router.js';

/** `/metrics`; the library behind it is loaded by the first scrape, or once the server is ready. */
export function addMetricsRoute(router: Router, metrics: () => Promise<Metrics>): void {
  const expose = async (exchange: Exchange): Promise<void> => {
    const source = await metrics();
    exchange.send(200, Buffer.from(await source.expose()), ['content-type', source.contentType]);
  };
  router.get('/metrics', expose, 'any');
}
