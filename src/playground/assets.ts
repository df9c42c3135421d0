import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** One file of the page, as it is answered. */
export interface Asset {
  readonly body: Buffer;
  /** Its Content-Type. */
  readonly type: string;
  /** Strong entity tag, quoted. */
  readonly etag: string;
}

/** Headers of every page asset: nothing from elsewhere, no inline script, and a look at the ETag before each use. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'cache-control': 'no-cache',
};

/** Content-Types of what pages and a model's samples consist of, by file ending. */
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
};

const web = new URL('./web/', import.meta.url);
let assets: Promise<ReadonlyMap<string, Asset>> | undefined;

/** The asset of a path, `/` (the page) or `/playground/<file>`, in its folder where it has one; undefined where there is none. Files are read at the first call. */
export async function findAsset(path: string): Promise<Asset | undefined> {
  assets ??= readAssets();
  return (await assets).get(path);
}

async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const names = (await readdir(web, { recursive: true })).filter((name) => extname(name) !== '');
  const entries = names.map(async (name): Promise<[string, Asset]> => {
    const path = name === 'index.html' ? '/' : `/playground/${name.replaceAll('\\', '/')}`;
    return [path, toAsset(name, await readFile(new URL(name, web)))];
  });
  return new Map(await Promise.all(entries));
}

/** The Content-Type of a file by its ending. */
export function contentTypeOf(name: string): string {
  return contentTypes[extname(name).toLowerCase()] ?? 'application/octet-stream';
}

/** A file's bytes with the type of its ending and a tag of its contents. */
export function toAsset(name: string, body: Buffer): Asset {
  return {
    body,
    type: contentTypeOf(name),
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
  };
}
