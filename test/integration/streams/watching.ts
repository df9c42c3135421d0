import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import sharp from 'sharp';
import { MjpegParser } from '../../../src/server/stream/mjpeg.js';
import { jsonOf, send } from '../../support/http.js';
import { serveFor } from '../../support/server.js';
import { putDetector } from '../../browser/support/detector.js';

const scene = { create: { width: 400, height: 200, channels: 3, background: '#31465a' } } as const;
/** A frame in which the detector finds three things. */
export const jpeg = await sharp(scene).jpeg().toBuffer();

/** A stream as `/streams` describes it. */
export interface Described {
  readonly state: string;
  readonly reason?: string;
  readonly source: string;
  readonly watchers: number;
  readonly frames: number;
  readonly answered: number;
  readonly dropped: number;
  readonly failed: number;
  readonly missed: number;
  readonly answer?: { readonly detections: readonly { readonly label: string }[] };
}

/** What `/streams` says. */
export const describeStreams = async (url: string, headers = {}): Promise<readonly Described[]> =>
  (jsonOf(await send(url, { path: '/streams', headers })) as { streams: readonly Described[] }).streams;

/** Watches a stream; `next` is the next frame, and rejects at its end. */
export async function watch(context: TestContext, url: string, headers: Readonly<Record<string, string>> = {}) {
  const leaving = new AbortController();
  context.after(() => leaving.abort());
  const response = await fetch(`${url}/stream/door`, { headers, signal: leaving.signal });
  const frames: Buffer[] = [];
  const parser = new MjpegParser('frame', { frameBytes: 2 ** 22, headerBytes: 1000 }, (frame) => frames.push(frame));
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const next = async (): Promise<Buffer> => {
    for (;;) {
      const frame = frames.shift();
      if (frame !== undefined) return frame;
      const { value, done } = await reader.read();
      if (done) throw new Error('the stream has ended');
      parser.push(value);
    }
  };
  /** The next one of the camera's size, past those that say that there are none. */
  const nextOf = async (width: number): Promise<Buffer> => {
    for (;;) {
      const frame = await next();
      if ((await sharp(frame).metadata()).width === width) return frame;
    }
  };
  return { response, next, nextOf, leave: () => leaving.abort() };
}

/** A server with a detector and the stream `door`, which asks for keys. */
export async function serve(context: TestContext, source: string, keys: readonly string[] = []) {
  const opened = await serveFor(context, { flags: ['--stream', `door:scene=${source}`], keys: ['boss:admin:boss', ...keys] });
  await putDetector(opened.folder);
  const headers = { 'x-api-key': 'boss' };
  const loaded = await send(opened.url, { path: '/v2/repository/models/scene/load', body: '{}', headers });
  assert.equal(loaded.status, 200, loaded.body.toString());
  return opened;
} // prettier-ignore

/** The headers of the key that may do everything. */
export const key = { 'x-api-key': 'boss' };
