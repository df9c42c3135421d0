import { AppError } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import { ask, failureOf, rangeHeaders } from '../transfer/ask.js';
import type { HttpLocation } from '../location.js';
import { checkPath, type ListedFile, type Listing } from '../transfer/listing.js';
import { findNetrc } from '../credentials/netrc.js';
import type { StoreWorld } from '../world.js';

/** What a plain file server has at an address: a model file, or an archive with a model's folder or several. */
export async function listHttp(location: HttpLocation, world: StoreWorld): Promise<Listing> {
  const { url, name, shown, sha256 } = location;
  const bare = withoutUser(url);
  const headers = await authorizationOf(url, world);
  const head = await describe({ url: bare, headers, shown }, world);
  const open =
    (target: URL, expected: Partial<Head> = {}) =>
    async (offset: number) => {
      const response = await ask(world, target, {
        headers: { ...headers, ...rangeHeaders(offset, expected.validator) },
      });
      const etag = response.headers.get('etag');
      if (!response.ok || expected.etag === undefined || etag === null || etag === expected.etag) return response;
      await response.body?.cancel();
      throw new AppError('REQUEST_FAILED', `${shown} was changed while it was being pulled. Pull again.`);
    };
  const file: Omit<ListedFile, 'path'> = {
    ...(head.sizeBytes === undefined ? {} : { sizeBytes: head.sizeBytes }),
    ...(sha256 === undefined ? {} : { digest: { algorithm: 'sha256', hex: sha256 } }),
    open: open(bare, head),
  };
  const known = sha256 ?? head.tag;
  const common = { revision: known ?? 'unknown', isPinned: known !== undefined };
  const notes =
    sha256 === undefined
      ? ['only its length could be checked: add #sha256=HEX to the address to check its content']
      : [];
  if (!bare.pathname.endsWith('.onnx')) {
    const unpacking = { isGzip: /gz$/i.test(bare.pathname), placeOf: (path: string) => `${name}/${path}` };
    return { ...common, entry: name, files: [{ ...file, path: `${name}.archive`, unpack: unpacking }], notes };
  }
  const model = `${name}.onnx`;
  const find = (path: string): ListedFile => ({
    path: checkPath(path, shown),
    open: open(new URL(path.split('/').map(encodeURIComponent).join('/'), bare)),
  });
  return { ...common, entry: model, files: [{ ...file, path: model }], beside: { model, find }, notes };
}

function withoutUser(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

/** A name and password in the address, else of ~/.netrc, as curl and wget know them. */
async function authorizationOf(url: URL, world: StoreWorld): Promise<Readonly<Record<string, string>>> {
  const named = url.username === '' ? await findNetrc(url.hostname, world) : undefined;
  const login = named?.login ?? decodeURIComponent(url.username);
  const password = named?.password ?? decodeURIComponent(url.password);
  if (login === '') return {};
  return { authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}` };
}

interface Head {
  readonly sizeBytes?: number;
  /** What the server calls this state of the file. */
  readonly tag?: string;
  /** The same where it may be asked whether it still holds. */
  readonly validator?: string;
  readonly etag?: string;
}

interface Described {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly shown: string;
}

/** Asks by HEAD, or by a GET whose body is not read where a server knows no HEAD (addresses signed for GET alone). */
async function describe({ url, headers, shown }: Described, world: StoreWorld): Promise<Head> {
  let response = await ask(world, url, { method: 'HEAD', headers });
  if ([400, 403, 405, 501].includes(response.status)) response = await ask(world, url, { headers });
  if (response.status !== 200)
    throw await failureOf(response, shown, 'Check the address; a name and password come from it or from ~/.netrc.');
  await response.body?.cancel();
  const length = response.headers.get('content-length');
  const etag = response.headers.get('etag');
  const modified = response.headers.get('last-modified');
  const strong = etag?.startsWith('W/') === false ? etag : undefined;
  const validator = strong ?? modified ?? undefined;
  const tag = etag ?? (modified === null ? undefined : `${modified} ${length ?? ''}`.trim());
  return {
    ...(length !== null && /^\d+$/.test(length) ? { sizeBytes: Number(length) } : {}),
    ...omitUndefined({ tag, validator }),
    ...(etag === null ? {} : { etag }),
  };
}
