import { join } from 'node:path';
import type { Homes } from '../../model/containment.js';
import type { ModelJson } from '../../model/config-schema.js';
import { readLabels, type LabelKey } from '../../model/labels.js';
import { watchFiles, type Watch } from './fingerprint.js';

/** Labels with the state of the file that they were read from. */
export interface LabelFile {
  readonly lines: readonly string[];
  readonly watch: Watch;
}

/** Where a model's labels are looked for. */
export interface LabelSource {
  readonly json: ModelJson;
  /** The model's folder; a lone model file has none. */
  readonly folder?: string;
  /** What links may not lead out of. */
  readonly homes: Homes;
}

/** The labels that model.json holds or names, none where it does neither. Throws MODEL_INVALID where they cannot be read. */
export async function readLabelFile({ json, folder, homes }: LabelSource): Promise<LabelFile> {
  const tasks = ['classification', 'detection', 'segmentation'] as const;
  const task = tasks.find((name) => json[name]?.labels !== undefined) ?? 'classification';
  const key: LabelKey['key'] = `${task}.labels`;
  const labels = json[task]?.labels ?? [];
  if (typeof labels !== 'string') return { lines: labels, watch: nothing };
  if (folder === undefined) return { lines: [], watch: nothing };
  const watch = await watchFiles([join(folder, labels)]);
  return { lines: await readLabels(folder, { key, name: labels }, homes), watch };
}

const nothing: Watch = { paths: [], fingerprint: '' };

/** Whether the file still holds these labels. */
export async function hasLabels(source: LabelSource, lines: readonly string[]): Promise<boolean> {
  const now = await readLabelFile(source).catch(() => undefined);
  return now !== undefined && now.lines.join('\n') === lines.join('\n');
}
