import { basename, dirname, join } from 'node:path';
import { stat } from 'node:fs/promises';
import { companionNames } from '../../model/found/types.js';
import { readModelFolder } from './model-folder.js';

const settings = ['model.json', ...companionNames];

/** What the folder of a model says that is not used where its file is named instead of the folder; nothing where it says nothing. */
export async function notesOnLoneFile(file: string): Promise<readonly string[]> {
  for (const folder of [dirname(file), dirname(dirname(file))]) {
    const there = await Promise.all(settings.map((name) => isThere(join(folder, name))));
    const left = settings.filter((_, index) => there[index]);
    if (left.length === 0) continue;
    const name = basename(folder);
    const model = await readModelFolder({ name, path: folder, homes: ['/'] });
    if (model?.versions.some(({ path }) => path === file) !== true) continue;
    return [`Not read, since the file alone was named: ${left.join(', ')} in '${name}'. Name that folder to use them.`];
  }
  return [];
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
