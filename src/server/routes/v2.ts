import { parseIndexRequest, parseLoadRequest, parseUnloadRequest } from '../../protocol/repository-requests.js';
import { encodeServerHealth } from '../../protocol/server-health.js';
import type { Dataplane } from '../dataplane.js';
import { readBody } from '../body.js';

import type { Router } from '../router.js';

export interface V2Deps {
  readonly dataplane: Dataplane;
  readonly bodyBytes: number;
}

/** Server and model metadata, health, configuration and statistics of the Open Inference Protocol. */
export function addV2Routes(router: Router, { dataplane }: V2Deps): void {
  router.get('/v2', (exchange) => exchange.sendJson(200, dataplane.describeServer()));
  router.get('/v2/health/live', (exchange) => exchange.sendJson(200, { live: true }));
  router.get('/v2/health/ready', (exchange) => {
    const health = dataplane.health();
    exchange.sendJson(health.ready ? 200 : 503, encodeServerHealth(health));
  });
  router.get('/v2/models/stats', (exchange) => exchange.sendJson(200, dataplane.describeStatistics()));
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    router.get(path, (exchange) => {
      const { metadata } = exchange.request.query as { readonly metadata?: unknown };
      const options = { wholeMetadata: metadata === 'whole' };
      exchange.sendJson(200, dataplane.describeModel(exchange.param('model'), exchange.version, options));
    });
    router.get(`${path}/ready`, (exchange) => {
      const { name } = dataplane.model(exchange.param('model'), exchange.version);
      exchange.sendJson(200, { name, ready: true });
    });
    router.get(`${path}/config`, (exchange) => {
      exchange.sendJson(200, dataplane.describeConfig(exchange.param('model'), exchange.version));
    });
    router.get(`${path}/stats`, (exchange) => {
      exchange.sendJson(200, dataplane.describeStatistics(exchange.param('model'), exchange.version));
    });
  }
}

/** The extension "model_repository": index, load, unload. */
export function addRepositoryRoutes(router: Router, { dataplane, bodyBytes }: V2Deps): void {
  router.post('/v2/repository/index', async (exchange) => {
    const { onlyReady } = parseIndexRequest(await readBody(exchange, { limitBytes: bodyBytes }));
    exchange.sendJson(200, dataplane.index(onlyReady));
  });
  router.post('/v2/repository/models/:model/load', async (exchange) => {
    const overrides = parseLoadRequest(await readBody(exchange, { limitBytes: bodyBytes }));
    await dataplane.load(exchange.param('model'), overrides);
    exchange.send(200, Buffer.alloc(0), []);
  });
  router.post('/v2/repository/models/:model/unload', async (exchange) => {
    parseUnloadRequest(await readBody(exchange, { limitBytes: bodyBytes }));
    await dataplane.unload(exchange.param('model'));
    exchange.send(200, Buffer.alloc(0), []);
  });
}
