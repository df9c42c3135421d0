import { readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { AppError, messageOf } from '../errors.js';

const maxBytes = 16 << 20;

/** Lines of a label file (UTF-8, LF or CRLF) as they stand; the line break at the end starts no further label. */
export function parseLabels(text: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** Reads a label file inside the model's folder. Throws MODEL_INVALID where it is missing, too large or lies elsewhere. */
export async function readLabels(folder: string, name: string): Promise<readonly string[]> {
  const home = await realpath(folder);
  const path = await realpath(join(home, name)).catch((cause: unknown) => {
    throw refusal(name, `cannot be read (${messageOf(cause)})`, cause);
  });
  if (!path.startsWith(home + sep)) throw refusal(name, "lies outside the model's folder");
  const stats = await stat(path);
  if (!stats.isFile()) throw refusal(name, 'is not a regular file');
  if (stats.size > maxBytes) throw refusal(name, `has ${stats.size} bytes, more than ${maxBytes}`);
  return parseLabels(await readFile(path, 'utf8'));
}

function refusal(name: string, reason: string, cause?: unknown): AppError {
  const message = `classification.labels '${name.replaceAll('\0', '\\0')}' ${reason}. Expected a text file beside model.json, one label a line.`;
  return new AppError('MODEL_INVALID', message, cause === undefined ? {} : { cause });
}
