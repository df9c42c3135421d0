import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { AppError } from '../errors.js';
import { digestFile } from './transfer/digest.js';
import type { Pushed, PushedFile, PushOptions } from './transfer/pushed.js';

/** Hidden files, copies of editors and unfinished downloads: what a server skips is not pushed. */
const ignored = /(^|\/)\.|~$|\.(tmp|temp|part|partial|crdownload|swp|bak)$/i;

/** Pushes a model file, or all files of a folder, to a registry or a bucket. Throws USAGE for places that take none. */
export async function push(path: string, options: PushOptions): Promise<Pushed> {
  const { location } = options;
  const files = await readFiles(resolve(path));
  if (location.kind === 'oci') return (await import('./oci/push.js')).pushOci(files, { ...options, location });
  if (location.kind === 's3') return (await import('./s3/push.js')).pushS3(files, { ...options, location });
  const text = `${location.shown} takes no models from here: expected oci://REGISTRY/NAME:TAG or s3://BUCKET/KEY.`;
  throw new AppError(
    'USAGE',
    location.kind === 'hf' ? `${text} The hub's own tool pushes there: hf upload ${location.repository} ${path}` : text,
  );
}

async function readFiles(path: string): Promise<readonly PushedFile[]> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw new AppError('NOT_FOUND', `There is no ${path}. Expected a model file or a folder.`);
  const names = stats.isFile() ? await withWeights(path) : (await readdir(path, { recursive: true })).sort();
  const root = stats.isFile() ? dirname(path) : path;
  const files: PushedFile[] = [];
  for (const name of names.filter((each) => !ignored.test(each))) {
    const source = join(root, name);
    if (!(await stat(source)).isFile()) continue;
    const { sizeBytes, sha256 } = await digestFile(source);
    files.push({ path: relative(root, source), source, sizeBytes, sha256 });
  }
  if (!files.some(({ path: each }) => each.endsWith('.onnx')))
    throw new AppError('NOT_FOUND', `${path} holds no file NAME.onnx: there is no model to push.`);
  return files;
}

/** A model file, and the files beside it that hold its weights. */
async function withWeights(path: string): Promise<readonly string[]> {
  const { readOnnxHeader } = await import('../model/onnx/reader.js');
  return [basename(path), ...readOnnxHeader(path).externalData];
}
