import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Snapshot } from './snapshot.js';

/** A snapshot's model file and those of its weights outside. */
export function filesOf({ modelPath, header }: Pick<Snapshot, 'modelPath' | 'header'>): readonly string[] {
  return [modelPath, ...header.externalData.map((location) => join(dirname(modelPath), location))];
}

/** Bytes of files together. Rejects where one is not there. */
export async function countBytes(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
