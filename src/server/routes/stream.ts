import { findAsset } from '../../playground/index.js';
import { AppError } from '../../errors.js';
import { sniffImage } from '../../image/files/format.js';
import type { Doors } from '../access/doors.js';
import { readBody } from '../http/body/body.js';
import type { Exchange } from '../http/exchange.js';
import { refuseMangled } from '../inference/prediction-body.js';
import type { Router } from '../http/router.js';
import type { Streams } from '../stream/streams.js';
import { sendAsset } from './page.js';

const boundary = 'frame';
const headers = ['content-type', `multipart/x-mixed-replace; boundary=${boundary}`, 'cache-control', 'no-store'];

/** `/stream`, the page of what cameras see through models; each of them as MJPEG at `/stream/{name}`, where frames are posted too; `/streams`, how each does. */
export function addStreamRoutes(router: Router, streams: Streams, doors: Doors): void {
  const sendPage = async (exchange: Exchange): Promise<void> =>
    sendAsset(exchange, await findAsset('/playground/stream/stream.html'));
  const post = async (exchange: Exchange): Promise<void> => {
    const stream = streams.get(exchange.param('name'));
    const body = await readBody(exchange, { limitBytes: streams.frameBytes });
    refuseMangled(body, exchange.request.contentType ?? '');
    if (sniffImage(body).kind === 'other') {
      throw new AppError('INVALID_INPUT', 'The body is not an image: expected one frame, such as a JPEG.');
    }
    exchange.sendJson(200, { watchers: stream.post(Buffer.from(body)) });
  };
  router.get('/stream', sendPage, 'any');
  router.get('/streams', (exchange) => exchange.sendJson(200, streams.describe()));
  router.get('/stream/:name', (exchange) => watch(exchange, streams, doors), 'any');
  router.post('/stream/:name', post);
  router.put('/stream/:name', post);
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
