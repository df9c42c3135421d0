import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, toPlainError } from '../errors.js';
import { endWithParent } from '../engine/end-with-parent.js';
import { butForeign } from '../repository/files/foreign.js';
import { scanRepository } from '../repository/files/layout.js';
import { validateModel } from './validate.js';

/** The model files that a path names: the file itself, the versions of one model, or of all in a repository. */
async function findModels(path: string): Promise<readonly { readonly name: string; readonly path: string }[]> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw new AppError('NOT_FOUND', `There is no ${path}. Expected a model file or a folder.`);
  if (stats.isFile()) return [{ name: basename(path), path }];
  const inside = await scanRepository(path, ['/']);
  const models = inside.some(({ versions }) => versions.length > 0)
    ? inside
    : await scanRepository(dirname(path), ['/'], { only: basename(path) });
  const found = models.flatMap(({ name, versions }) =>
    versions.flatMap((version) =>
      version.path === undefined ? [] : [{ name: `${name}/${version.version}`, path: version.path }],
    ),
  );
  if (found.length === 0) {
    const text = `${path} holds no model${await butForeign(path)}. Expected NAME.onnx or a folder with models.`;
    throw new AppError('NOT_FOUND', text);
  }
  return found;
}

/** Entry of the process that tries the models of a path (argument 1), for its parent (argument 2); prints what it found as JSON. */
async function main(path: string, parent: number): Promise<void> {
  endWithParent(parent);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-validate-'));
  try {
    const models = [];
    for (const { name, path: file } of await findModels(resolve(path)))
      models.push({ name, path: file, findings: await validateModel(file, { folder, env: process.env }) });
    process.stdout.write(JSON.stringify({ models }));
  } catch (thrown) {
    process.stdout.write(JSON.stringify({ error: toPlainError(thrown) }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const [, , path = '', parent = ''] = process.argv;
await main(path, Number(parent));
