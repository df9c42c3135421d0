import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AppError, messageOf } from '../errors.js';
import { followLinks, type Homes } from './containment.js';
import { decodeFileText } from './file-text.js';

const maxBytes = 16 << 20;

/** Lines of a label file (LF or CRLF) as they stand; line breaks at the end start no further label. */
export function parseLabels(text: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The key of model.json that names a label file, and the name. */
export interface LabelKey {
  readonly key: 'classification.labels' | 'detection.labels' | 'segmentation.labels';
  readonly name: string;
}

/**
 * Reads a label file in a model's folder; its links may lead anywhere in the homes. Throws MODEL_INVALID where it is missing,
 * too large, not text in UTF-8 or UTF-16, or lies elsewhere.
 */
export async function readLabels(
  folder: string,
  { key, name }: LabelKey,
  homes: Homes = [folder],
): Promise<readonly string[]> {
  const refusal = (reason: string, cause?: unknown) =>
    refuse(`${key} '${name.replaceAll('\0', '\\0')}'`, reason, cause);
  if (name.split('/').includes('..') || isAbsolute(name)) throw refusal("lies outside the model's folder");
  const found = await followLinks(join(folder, name), homes).catch((cause: unknown) => {
    throw refusal(`cannot be read (${messageOf(cause)})`, cause);
  });
  if (found.kind === 'absent') throw refusal('is not there');
  if (found.kind === 'unreadable') throw refusal(`cannot be read (${found.reason})`);
  if (found.kind === 'outside') {
    throw refusal(`leads to '${found.path}' by a symbolic link, outside the model repository and --allow-links-to`);
  }
  const stats = await stat(found.path);
  if (!stats.isFile()) throw refusal('is not a regular file');
  if (stats.size > maxBytes) throw refusal(`has ${stats.size} bytes, more than ${maxBytes}`);
  const bytes = await readFile(found.path);
  try {
    return parseLabels(decodeFileText(bytes));
  } catch (cause) {
    throw refusal(`cannot be read (${messageOf(cause)})`, cause);
  }
}

function refuse(subject: string, reason: string, cause: unknown): AppError {
  const message = `${subject} ${reason}. Expected a text file beside model.json, one label per line.`;
  return new AppError('MODEL_INVALID', message, cause === undefined ? {} : { cause });
}
