import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '../../errors.js';
import { contentTypeOf } from '../../playground/assets.js';
import type { Dataplane } from '../dataplane.js';
import type { Exchange, Handler } from '../http/exchange.js';
import type { Router } from '../http/router.js';
import type { DocumentOptions } from '../openapi/document.js';
import type { ModelExamples } from '../openapi/examples.js';
import { onceATurn } from './once-a-turn.js';
import type { Samples } from './page.js';

/** Files of the API page that are served; nothing else of that folder is. */
const assets = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** What the API page is made of. */
export interface DocsDeps {
  readonly options: DocumentOptions;
  readonly dataplane: Dataplane;
  readonly samples: Samples;
}

/** `/openapi.json`, made of the models that are ready now, and `/docs`: the same as a page whose parts all come from this server. */
export function addDocsRoutes(router: Router, deps: DocsDeps): void {
  const { options, dataplane } = deps;
  const get = (path: string, handler: Handler): void => router.get(path, handler, 'any');
  const makeDocument = async (isWhole: boolean): Promise<Buffer> => {
    const { buildOpenapi } = await import('../openapi/document.js');
    const models = isWhole ? await describeModels(deps) : [];
    return Buffer.from(JSON.stringify(buildOpenapi({ ...options, models })));
  };
  const documents = { whole: onceATurn(() => makeDocument(true)), general: onceATurn(() => makeDocument(false)) };
  get('/openapi.json', async (exchange) => {
    const isWhole = !options.isGuarded || hasKey(exchange);
    sendFile(exchange, 'openapi.json', await (isWhole ? documents.whole() : documents.general()));
  });
  get('/docs', (exchange) => sendFile(exchange, 'index.html', Buffer.from(page(options))));
  get('/docs/:file', async (exchange) => {
    const file = exchange.param('file');
    if (!assets.includes(file)) throw new AppError('NOT_FOUND', `Not found: /docs/${file}`);
    sendFile(exchange, file, await readAsset(file));
  });
  router.get('/docs/examples/:model', async (exchange) => {
    const { exampleRequest } = await import('../openapi/examples.js');
    exchange.sendJson(200, exampleRequest(dataplane.model(exchange.param('model'), undefined)));
  });
}

/** The API page sets styles of its own on its elements; nothing comes from elsewhere. */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** Sends a file's bytes with the type of its name; pages may load nothing from elsewhere. */
function sendFile(exchange: Exchange, name: string, body: Uint8Array): void {
  exchange.sendNew(200, body, [
    'content-type',
    contentTypeOf(name),
    'content-security-policy',
    policy,
    'cache-control',
    'no-cache',
  ]);
}

/** Whether the reader has shown a key; the general description alone needs none. */
const hasKey = ({ request }: Exchange): boolean => request.caller?.keyName !== undefined;

async function describeModels({ dataplane, samples }: DocsDeps): Promise<readonly ModelExamples[]> {
  const { examplesOf } = await import('../openapi/examples.js');
  const ready = dataplane.readyModels();
  return Promise.all(
    dataplane.readyNames().map(async (name) => {
      const model = dataplane.model(name, undefined);
      const others = ready.filter((each) => each.name === name && each.version !== model.version);
      const image = model.config.image === undefined ? undefined : await firstImage(samples, name);
      return examplesOf(model, [model.version, ...others.map(({ version }) => version)], image);
    }),
  );
}

/** A longer text would hide the rest of the body. */
const mostImageBytes = 8192;

/** The first of a model's own images that is small enough to stand in a page, in base64. */
async function firstImage(samples: Samples, model: string): Promise<string | undefined> {
  for (const { name, kind } of await samples.list(model)) {
    if (kind !== 'picture') continue;
    const found = await samples.read(model, name);
    if (found !== undefined && found.body.length <= mostImageBytes) return found.body.toString('base64');
  }
  return undefined;
}

const read = new Map<string, Promise<Buffer>>();

/** Read once: some thousand readers of 1.5 MB would else hold as many copies. */
function readAsset(name: string): Promise<Buffer> {
  const file = read.get(name) ?? readFile(join(assetFolder(), name));
  read.set(name, file);
  file.catch(() => read.delete(name)); // the next reader tries again
  return file;
}

function assetFolder(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('@fastify/swagger-ui/package.json')), 'static');
}

function page({ title, basePath }: DocumentOptions): string {
  const at = `${basePath}/docs`;
  const own = `${basePath}/playground`;
  const name = title.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name} API</title>
<link rel="icon" href="${at}/favicon-32x32.png"><link rel="stylesheet" href="${at}/swagger-ui.css"><link rel="stylesheet" href="${own}/docs/docs.css">
</head>
<body><div id="api"></div><script src="${at}/swagger-ui-bundle.js"></script><script type="module" src="${own}/docs/docs.js"></script></body>
</html>
`;
}
