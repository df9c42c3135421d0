import { findAsset, pageHeaders } from '../../playground/index.js';
import { AppError } from '../../errors.js';
import { sniffImage } from '../../image/files/format.js';
import type { Doors } from '../access/doors.js';
import { readBody } from '../http/body.js';
import type { Exchange } from '../http/exchange.js';
import type { Router } from '../http/router.js';
import type { Streams } from '../stream/streams.js';

const boundary = 'frame';
const headers = ['content-type', `multipart/x-mixed-replace; boundary=${boundary}`, 'cache-control', 'no-store'];

/** `/stream`, the page of what cameras see through models; each of them as MJPEG at `/stream/{name}`, where frames are posted too; `/streams`, how each does. */
export function addStreamRoutes(router: Router, streams: Streams, doors: Doors): void {
  router.get('/stream', async (exchange) => {
    const page = await findAsset('/playground/stream.html');
    if (page === undefined) throw new AppError('NOT_FOUND', 'Not found: /stream');
    exchange.send(200, page.body, ['content-type', page.type, ...Object.entries(pageHeaders).flat()]);
  });
  router.get('/streams', (exchange) => exchange.sendJson(200, streams.describe()));
  router.get('/stream/:name', (exchange) => watch(exchange, streams, doors));
  router.post('/stream/:name', async (exchange) => {
    const stream = streams.get(exchange.param('name'));
    const body = await readBody(exchange, { limitBytes: streams.frameBytes });
    if (sniffImage(body).kind === 'other') {
      throw new AppError('INVALID_INPUT', 'The body is no image: expected one frame, such as a JPEG.');
    }
    exchange.sendJson(200, { watchers: stream.post(Buffer.from(body)) });
  });
}

/** Sends frames until either side ends it. A frame is only written where the one before has gone. */
function watch(exchange: Exchange, streams: Streams, doors: Doors): void {
  const stream = streams.get(exchange.param('name'));
  stream.checkRoom();
  const { authorization, 'x-api-key': apiKey } = exchange.request.headers;
  const raw = exchange.openStream(headers);
  if (raw === undefined) return;
  const isBehind = (): boolean => raw.destroyed || raw.writableLength > 0;
  const leave = stream.watch({
    isAllowed: () => doors.stillOpens({ authorization, apiKey }),
    take: (jpeg) => {
      if (isBehind()) return false;
      raw.cork();
      raw.write(`--${boundary}\r\ncontent-type: image/jpeg\r\ncontent-length: ${jpeg.length}\r\n\r\n`);
      raw.write(jpeg);
      raw.write('\r\n');
      raw.uncork();
      return true;
    },
    end: () => {
      raw.end();
      if (isBehind()) raw.destroy();
    },
  });
  raw.on('close', leave);
}
