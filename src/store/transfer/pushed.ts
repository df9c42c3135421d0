import { createReadStream } from 'node:fs';
import type { Location } from '../location.js';
import type { StoreWorld } from '../world.js';
import type { TransferEvents } from './events.js';

/** A file that is to be pushed, by its path below the model's folder. */
export interface PushedFile {
  readonly path: string;
  readonly source: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Where a model is pushed, and how it is kept there. */
export interface PushOptions {
  readonly location: Location;
  readonly world: StoreWorld;
  readonly events: Pick<TransferEvents, 'onProgress'>;
  /** How a registry keeps it: files of a ModelPack artifact, or an image with them in /models, for image volumes. */
  readonly form: 'modelpack' | 'image';
}

/** What was pushed, and how it can be named for good. */
export interface Pushed {
  readonly revision: string;
  readonly pinned: string;
  readonly files: readonly PushedFile[];
}

/** A file's bytes, told as they go. */
export function readTold(
  { source, path, sizeBytes }: PushedFile,
  { events }: Pick<PushOptions, 'events'>,
): NodeJS.ReadableStream {
  let bytes = 0;
  return createReadStream(source, { highWaterMark: 1 << 20 }).on('data', (chunk) => {
    bytes += chunk.length;
    events.onProgress({ path, bytes, totalBytes: sizeBytes });
  });
}
