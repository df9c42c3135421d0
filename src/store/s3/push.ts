import { AppError } from '../../errors.js';
import type { S3Location } from '../location.js';
import { readTold, type Pushed, type PushedFile, type PushOptions } from '../transfer/pushed.js';
import { failureOf } from '../transfer/ask.js';
import { sha256Of } from '../transfer/digest.js';
import { upload } from '../transfer/upload.js';
import { openBucket } from './client.js';

/** Most bytes that S3 takes in one request. */
const mostBytes = 5 * 1024 ** 3;

/** Puts files below a key, each with its SHA-256, by which a pull checks it; what is there already under other names stays. */
export async function pushS3(
  files: readonly PushedFile[],
  options: PushOptions & { readonly location: S3Location },
): Promise<Pushed> {
  const { location, world } = options;
  const bucket = await openBucket(location.bucket, world);
  for (const file of files) {
    if (file.sizeBytes > mostBytes)
      throw new AppError(
        'USAGE',
        `${file.path} has ${file.sizeBytes} bytes; at most ${mostBytes} are put in one request. Use the tools of your store for it.`,
      );
  }
  for (const file of files) {
    const key = keyOf(file, files, location);
    const headers = await bucket.signPut(key, { 'x-amz-meta-sha256': file.sha256 }, file.sha256);
    const response = await upload(bucket.urlOf(key), {
      headers,
      sizeBytes: file.sizeBytes,
      body: readTold(file, options),
    });
    if (!response.ok) throw await failureOf(response, `s3://${location.bucket}/${key}`, `Asked as ${bucket.identity}.`);
    await response.body?.cancel();
  }
  const revision = sha256Of(files.map(({ path, sha256 }) => `${path} ${sha256}\n`).join(''));
  return { revision, pinned: location.shown, files };
}

/** A lone file goes to the key itself where that names a file. */
function keyOf(file: PushedFile, files: readonly PushedFile[], { key }: S3Location): string {
  if (files.length === 1 && key.endsWith('.onnx')) return key;
  const prefix = key.endsWith('.onnx')
    ? key.slice(0, key.lastIndexOf('/') + 1)
    : key === '' || key.endsWith('/')
      ? key
      : `${key}/`;
  return `${prefix}${file.path}`;
}
