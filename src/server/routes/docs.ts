import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '../../errors.js';
import { once } from '../once.js';
import type { DocumentOptions } from '../openapi/document.js';
import type { Router } from '../http/router.js';
import { sendFile } from '../http/static-file.js';

/** Files of the API page that are served; nothing else of that folder is. */
const assets = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** `/openapi.json`, and `/docs`: the same as a page whose parts all come from this server. */
export function addDocsRoutes(router: Router, options: DocumentOptions): void {
  const document = once(async () => {
    const { buildOpenapi } = await import('../openapi/document.js');
    return Buffer.from(JSON.stringify(buildOpenapi(options)));
  });
  router.get('/openapi.json', async (exchange) => sendFile(exchange, 'openapi.json', await document()));
  router.get('/docs', (exchange) => sendFile(exchange, 'index.html', Buffer.from(page(options))));
  router.get('/docs/:file', async (exchange) => {
    const file = exchange.param('file');
    if (file === 'start.js') {
      sendFile(exchange, file, Buffer.from(startScript(options.basePath)));
      return;
    }
    if (!assets.includes(file)) throw new AppError('NOT_FOUND', `Not found: /docs/${file}`);
    sendFile(exchange, file, await readFile(join(assetFolder(), file)));
  });
}

function assetFolder(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('@fastify/swagger-ui/package.json')), 'static');
}

function page({ title, basePath }: DocumentOptions): string {
  const at = `${basePath}/docs`;
  const name = title.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name} API</title>
<link rel="icon" href="${at}/favicon-32x32.png"><link rel="stylesheet" href="${at}/swagger-ui.css">
</head>
<body><div id="api"></div><script src="${at}/swagger-ui-bundle.js"></script><script src="${at}/start.js"></script></body>
</html>
`;
}

function startScript(basePath: string): string {
  return `SwaggerUIBundle({ url: '${basePath}/openapi.json', dom_id: '#api', deepLinking: true, validatorUrl: null });\n`;
}
