import { constants } from 'node:fs';
import { access, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, messageOf } from '../src/errors.js';
import type { BenchSettings } from './settings.js';
import type { Report } from './types.js';
import { formatCsv } from './report/csv.js';
import { formatHtml } from './report/html.js';

type Files = BenchSettings['files'];

/** Throws USAGE for a file that cannot be written, before minutes are spent on what it should hold. Writes nothing. */
export async function checkFiles(files: Files): Promise<void> {
  for (const [flag, file] of Object.entries(files)) await checkFile(flag, file);
}

async function checkFile(flag: string, file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  const path = found === undefined ? dirname(file) : file;
  const refuse = (why: string): never => {
    throw new AppError('USAGE', `--${flag} ${file} cannot be written: ${why}. Name another file.`);
  };
  if (found?.isDirectory() === true) refuse('it is a folder');
  await access(path, constants.W_OK).catch((cause: unknown) =>
    refuse((cause as NodeJS.ErrnoException).code === 'ENOENT' ? `there is no folder ${path}` : messageOf(cause)),
  );
}

/** Writes the report in every form that was asked for. */
export async function writeFiles({ json, html, csv }: Files, report: Report): Promise<void> {
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report)}\n`);
  if (html !== undefined) await writeFile(html, formatHtml(report));
  if (csv !== undefined) await writeFile(csv, formatCsv(report));
}
