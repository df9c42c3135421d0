import { AppError } from '../../errors.js';
import { parseIndexRequest, parseLoadRequest, parseUnloadRequest } from '../../protocol/repository-requests.js';
import { encodeServerHealth } from '../../protocol/server-health.js';
import { audited } from '../access/audit.js';
import { stranger, type Doors } from '../access/doors.js';
import { readBody } from '../http/body/body.js';
import type { Dataplane } from '../dataplane.js';
import type { Exchange } from '../http/exchange.js';
import { queryOf, type Router } from '../http/router.js';
import type { Log } from '../log/log.js';

/** What the routes of the repository need. */
export interface RepositoryDeps {
  readonly dataplane: Dataplane;
  readonly doors: Doors;
  readonly log: Log;
  readonly bodyBytes: number;
}

/** Server and model metadata, health, configuration and statistics of the Open Inference Protocol. */
export function addV2Routes(router: Router, dataplane: Dataplane): void {
  router.get('/v2', (exchange) => exchange.sendJson(200, dataplane.describeServer()));
  router.get('/v2/health/live', (exchange) => exchange.sendJson(200, { live: true }), 'any');
  const sendReady = (exchange: Exchange): void => {
    const health = dataplane.health();
    exchange.sendJson(health.ready ? 200 : 503, encodeServerHealth(health));
  };
  router.get('/v2/health/ready', sendReady, 'any');
  router.get('/v2/models', (exchange) => exchange.sendJson(200, { models: dataplane.servedNames() }));
  router.get('/v2/models/stats', async (exchange) => exchange.sendJson(200, await dataplane.describeWholeStatistics()));
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    const sendModel = (exchange: Exchange): void => {
      const { metadata } = queryOf(exchange);
      if (metadata !== undefined && metadata !== 'whole') {
        throw new AppError(
          'INVALID_INPUT',
          `'metadata' is ${JSON.stringify(metadata)}: expected whole, as in ?metadata=whole`,
        );
      }
      const options = { wholeMetadata: metadata === 'whole' };
      exchange.sendJson(200, dataplane.describeModel(exchange.param('model'), exchange.version, options));
    };
    router.get(path, sendModel, ['metadata']);
    router.get(`${path}/ready`, (exchange) => {
      const asked = exchange.param('model');
      const { name } = dataplane.findPipeline(asked, exchange.version) ?? dataplane.model(asked, exchange.version);
      exchange.sendJson(200, { name, ready: true });
    });
    router.get(`${path}/config`, (exchange) => {
      exchange.sendJson(200, dataplane.describeConfig(exchange.param('model'), exchange.version));
    });
    router.get(`${path}/stats`, async (exchange) => {
      exchange.sendJson(200, await dataplane.describeWholeStatistics(exchange.param('model'), exchange.version));
    });
  }
}

/** The extension "model_repository": index, load, unload. */
export function addRepositoryRoutes(router: Router, deps: RepositoryDeps): void {
  const { dataplane, bodyBytes } = deps;
  router.post('/v2/repository/index', async (exchange) => {
    const { onlyReady } = parseIndexRequest(await readBody(exchange, { limitBytes: bodyBytes }));
    exchange.sendJson(200, dataplane.index(onlyReady));
  });
  router.post('/v2/repository/models/:model/load', (exchange) =>
    manage(exchange, deps, {
      action: 'load',
      change: (model, body) => dataplane.load(model, parseLoadRequest(body)),
    }),
  );
  router.post('/v2/repository/models/:model/unload', (exchange) =>
    manage(exchange, deps, {
      action: 'unload',
      change: (model, body) => {
        parseUnloadRequest(body);
        return dataplane.unload(model);
      },
    }),
  );
}

interface Change {
  readonly action: 'load' | 'unload';
  readonly change: (model: string, body: Buffer) => Promise<void>;
}

/** Who may not manage is refused before a byte of the body is read. */
async function manage(exchange: Exchange, { doors, log, bodyBytes }: RepositoryDeps, { action, change }: Change) {
  const { id: requestId, request } = exchange;
  const { caller = stranger, raw } = request;
  const from = raw.socket.remoteAddress ?? '';
  const model = exchange.param('model');
  await audited(log, { action, model, caller, from, requestId, trace: exchange.span?.facts }, async () => {
    doors.checkManagement(caller);
    await change(model, await readBody(exchange, { limitBytes: bodyBytes }));
  });
  exchange.send(200, Buffer.alloc(0), []);
}
