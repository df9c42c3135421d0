import { join } from 'node:path';
import type { ModelJson } from '../model/config-schema.js';
import { readLabels } from '../model/labels.js';
import { watchFiles, type Watch } from './fingerprint.js';

/** Labels with the state of the file that they were read from. */
export interface LabelFile {
  readonly lines: readonly string[];
  readonly watch: Watch;
}

/** The labels that model.json names, none where it names none. Throws MODEL_INVALID where they cannot be read. */
export async function readLabelFile({ classification }: ModelJson, folder: string | undefined): Promise<LabelFile> {
  const name = classification?.labels;
  if (name === undefined || folder === undefined) return { lines: [], watch: { paths: [], fingerprint: '' } };
  const watch = await watchFiles([join(folder, name)]);
  return { lines: await readLabels(folder, name), watch };
}

/** Whether the file still holds these labels. */
export async function hasLabels(
  json: ModelJson,
  folder: string | undefined,
  lines: readonly string[],
): Promise<boolean> {
  const now = await readLabelFile(json, folder).catch(() => undefined);
  return now !== undefined && now.lines.join('\n') === lines.join('\n');
}
