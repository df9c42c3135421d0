import { writeFile } from 'node:fs/promises';
import { AppError, messageOf } from '../../../errors.js';

/** Writes what --output names. Throws USAGE. */
export async function writeExport(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((thrown: unknown) => {
    throw new AppError('USAGE', `--output ${path} cannot be written: ${messageOf(thrown)}.`);
  });
}
