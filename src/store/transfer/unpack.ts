import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, readdir, readlink, realpath, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join, posix, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';
import { AppError, messageOf } from '../../errors.js';
import { isDiskFailure } from './disk-failure.js';
import { checkPath, type Unpacking } from './listing.js';
import { digestFile } from './digest.js';
import type { FetchedFile } from './fetch-file.js';
import { UnpackBudget, type UnpackLimits } from './unpack-budget.js';

interface Into {
  readonly root: string;
  readonly shown: string;
  readonly unpacking: Unpacking;
  readonly limits: UnpackLimits;
}

interface Counted extends Into {
  readonly budget: UnpackBudget;
}

/**
 * Takes files out of a tar into `root`: files, folders, and links that stay inside. Marks of image layers that a file of an
 * earlier layer is gone (`.wh.`) take it away. Throws MODEL_INVALID for what leads out, for
 * more than the limits, before it is written, and for an archive that is broken.
 */
export async function unpack(archive: string, into: Into): Promise<void> {
  const extract = tar.extract();
  const budget = new UnpackBudget(into.limits, into.shown);
  extract.on('entry', (header, stream, next) => {
    stream.once('end', () => budget.leave());
    placeEntry(header, stream, { ...into, budget })
      .then(() => {
        stream.resume();
        next();
      })
      .catch((thrown: unknown) => extract.destroy(thrown as Error));
  });
  try {
    const source = createReadStream(archive, { highWaterMark: 1 << 20 });
    const watch = (bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> => budget.watch(bytes);
    if (into.unpacking.isGzip) await pipeline(source, createGunzip(), watch, extract);
    else await pipeline(source, watch, extract);
  } catch (thrown) {
    if (thrown instanceof AppError || isDiskFailure(thrown)) throw thrown;
    throw new AppError('MODEL_INVALID', `The archive ${into.shown} cannot be read: ${messageOf(thrown)}.`, {
      cause: thrown,
    });
  }
}

async function placeEntry(header: tar.Headers, stream: NodeJS.ReadableStream, into: Counted): Promise<void> {
  into.budget.enter();
  const inside = header.name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
  if (inside === '' || inside === '.') return;
  const place = into.unpacking.placeOf(inside);
  if (place === undefined) return;
  const target = join(into.root, checkPath(place, into.shown));
  if (header.type === 'directory') {
    await mkdir(await contained(target, into), { recursive: true });
    return;
  }
  await mkdir(dirname(await contained(target, into)), { recursive: true });
  const name = basename(inside);
  if (name.startsWith('.wh.')) return forget(target, into.shown);
  await rm(target, { recursive: true, force: true });
  await placeFile(header, { stream, target, place, into });
}

interface Placing {
  readonly stream: NodeJS.ReadableStream;
  readonly target: string;
  readonly place: string;
  readonly into: Counted;
}

async function placeFile(header: tar.Headers, { stream, target, place, into }: Placing): Promise<void> {
  const { type, linkname } = header;
  if (type === 'file' || type === 'contiguous-file') {
    into.budget.spend(header.size ?? 0);
    return pipeline(stream, createWriteStream(target, { mode: 0o600 }));
  }
  if (type === 'symlink' && typeof linkname === 'string') {
    const end = posix.normalize(posix.join(dirname(place), linkname));
    if (!linkname.startsWith('/') && !end.startsWith('..')) return symlink(linkname, target);
  }
  if (type === 'link' && typeof linkname === 'string') {
    const first = into.unpacking.placeOf(linkname.replace(/^(\.?\/)+/, ''));
    if (first !== undefined) {
      const source = await contained(join(into.root, checkPath(first, into.shown)), into);
      into.budget.spend((await stat(source)).size);
      return copyFile(source, target);
    }
  }
  const what =
    type === 'symlink' || type === 'link'
      ? `a link to ${JSON.stringify(linkname)}, outside its folder`
      : `a ${String(type)}`;
  throw new AppError('MODEL_INVALID', `The archive ${into.shown} holds ${header.name}, which is ${what}: refused.`);
}

/** A path that no link on its way leads out of the root. */
async function contained(target: string, { root, shown }: Into): Promise<string> {
  const real = await realpath(root);
  for (let at = target; at.startsWith(root + sep); at = dirname(at)) {
    const found = await realpath(at).catch(() => undefined);
    if (found === undefined) continue;
    if (found === real || found.startsWith(real + sep)) return target;
    throw new AppError(
      'MODEL_INVALID',
      `The archive ${shown} leads out of its folder by a link, to ${found}: refused.`,
    );
  }
  return target;
}

/** `.wh.NAME`: NAME of an earlier layer is gone; `.wh..wh..opq`: all that earlier layers have in the folder. */
async function forget(target: string, shown: string): Promise<void> {
  const [folder, name] = [dirname(target), basename(target)];
  // What is left of these names is the folder itself, or the one above.
  if (/^\.wh\.\.{0,2}$/.test(name))
    throw new AppError(
      'MODEL_INVALID',
      `The archive ${shown} holds ${JSON.stringify(name)}, which names no file: refused.`,
    );
  const gone = name === '.wh..wh..opq' ? await readdir(folder) : [name.slice('.wh.'.length)];
  for (const each of gone) await rm(join(folder, each), { recursive: true, force: true });
}

/** Where a link leads is known once all is there: others may be on its way. Throws MODEL_INVALID where that is outside, or nothing. */
async function checkLink(link: string, folder: string): Promise<void> {
  const [root, end] = await Promise.all([realpath(folder), realpath(link).catch(() => undefined)]);
  if (end !== undefined && (end === root || end.startsWith(root + sep))) return;
  const what = end === undefined ? 'which is not there' : `which is ${end}, outside its folder`;
  const text = `The archive holds ${relative(folder, link)}, a link to ${JSON.stringify(await readlink(link))}, ${what}: refused.`;
  throw new AppError('MODEL_INVALID', text);
}

/** All files below a folder, of which no link leads out; those that did not come by themselves were checked as the archives that held them. */
export async function listUnpacked(
  folder: string,
  arrived: readonly (FetchedFile & { readonly path: string })[],
): Promise<readonly (FetchedFile & { readonly path: string })[]> {
  const isChecked = arrived.every(({ verified }) => verified !== undefined);
  const found: (FetchedFile & { readonly path: string })[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const whole = join(entry.parentPath, entry.name);
    const path = relative(folder, whole);
    if (entry.isSymbolicLink()) await checkLink(whole, folder);
    if (!(await stat(whole)).isFile()) continue;
    const { sizeBytes, sha256 } = await digestFile(whole);
    found.push({ path, sizeBytes, sha256, ...(isChecked ? { verified: arrived[0]?.verified ?? 'sha256' } : {}) });
  }
  if (found.length === 0)
    throw new AppError(
      'MODEL_INVALID',
      'The archive holds no files where models are looked for: expected them in /models of an image.',
    );
  return found;
}
