import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The JPEG files of 640x480 that are sent to models that take images; `root` is the project's folder. */
export async function readImages(root: string): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const folder = join(root, 'bench', 'images');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort();
  return Promise.all(names.map(async (name) => new Uint8Array(await readFile(join(folder, name)))));
}
