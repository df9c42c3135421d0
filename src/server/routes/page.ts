import { AppError } from '../../errors.js';
import {
  findAsset,
  pageHeaders,
  type Asset,
  listSamples,
  mostSampleBytes,
  readSample,
  type Sample,
} from '../../playground/index.js';
import { checkModelName } from '../../protocol/paths.js';
import type { Exchange, Handler } from '../http/exchange.js';
import type { Router } from '../http/router.js';
import type { ModelsPlace } from '../settings/models-place.js';

/** The page at `/`, its files, and the samples that lie beside the models. Programs that accept JSON hear at `/` that the server is alive (KServe's version 1). */
export function addPageRoutes(router: Router, samples: Samples): void {
  // Links to pages and their files may carry anything, such as what keeps a cache from answering.
  const get = (path: string, handler: Handler): void => router.get(path, handler, 'any');
  get('/', async (exchange) => {
    if (exchange.header('accept')?.startsWith('application/json') === true) exchange.sendJson(200, { status: 'alive' });
    else if (!pathOf(exchange).endsWith('/')) redirectIntoFolder(exchange);
    else sendAsset(exchange, await findAsset('/'));
  });
  get('/playground/:file', async (exchange) => {
    sendAsset(exchange, await findAsset(`/playground/${exchange.param('file')}`));
  });
  get('/playground/:folder/:file', async (exchange) => {
    sendAsset(exchange, await findAsset(`/playground/${exchange.param('folder')}/${exchange.param('file')}`));
  });
  get('/playground/samples/:model', async (exchange) => {
    const model = checkModelName(exchange.param('model'));
    exchange.sendJson(200, { samples: await samples.list(model) });
  });
  get('/playground/samples/:model/:name', async (exchange) => {
    const model = checkModelName(exchange.param('model'));
    exchange.memory.take(mostSampleBytes);
    sendAsset(exchange, await samples.read(model, exchange.param('name')));
  });
}

const pathOf = ({ request }: Exchange): string => request.originalUrl.split('?', 1)[0] ?? '/';

/** The page's own links are relative: below a base path it has to be opened with a slash at the end. */
function redirectIntoFolder(exchange: Exchange): void {
  const name = pathOf(exchange).split('/').at(-1) ?? '';
  exchange.send(308, new Uint8Array(), ['location', `${name}/`]);
}

/** Sends an asset, or 304 where the client has it already. */
export function sendAsset(exchange: Exchange, asset: Asset | undefined): void {
  if (asset === undefined) throw new AppError('NOT_FOUND', `Not found: ${exchange.request.url}`);
  const isKnown = exchange.header('if-none-match')?.includes(asset.etag) ?? false;
  const headers = ['content-type', asset.type, 'etag', asset.etag, ...Object.entries(pageHeaders).flat()];
  exchange.sendNew(isKnown ? 304 : 200, asset.body, headers);
}

/** The samples that lie beside a server's models, by the names under which it serves them. */
export interface Samples {
  list(model: string): Promise<readonly Sample[]>;
  read(model: string, name: string): Promise<Asset | undefined>;
}

/** Samples of the models of a place. */
export function samplesOf(place: ModelsPlace | Promise<ModelsPlace>): Samples {
  const find = async (model: string) => {
    const { root, only, servedAs = only } = await place;
    return { root, folder: only ?? model, isServed: servedAs === undefined || servedAs === model };
  };
  return {
    list: async (model) => {
      const { root, folder, isServed } = await find(model);
      return isServed ? listSamples(root, folder) : [];
    },
    read: async (model, name) => {
      const { root, folder, isServed } = await find(model);
      return isServed ? readSample(root, { model: folder, name }) : undefined;
    },
  };
}
