import { copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readOnnxHeader } from '../../src/model/onnx/reader.js';
import { findModelFile } from './find-subjects.js';
import type { StagedSubject, Subject } from './subject.js';

/** Puts the subjects into a repository of their own, so that every server gets just these; large files are linked, not copied. */
export async function stageSubjects(
  subjects: readonly Subject[],
  repository: string,
): Promise<readonly StagedSubject[]> {
  await mkdir(repository, { recursive: true });
  return Promise.all(subjects.map((subject) => stage(subject, join(repository, subject.name))));
}

async function stage(subject: Subject, folder: string): Promise<StagedSubject> {
  const { source } = subject;
  if (source === undefined) return subject;
  if (source.kind === 'folder') await linkTree(source.path, folder);
  else await linkModel(source.path, join(folder, '1'));
  const modelPath = await findModelFile(folder);
  return { ...subject, ...(modelPath === undefined ? {} : { modelPath }) };
}

/** A lone file with the files of weights that it names. */
async function linkModel(file: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await linkFile(file, join(folder, 'model.onnx'));
  const { externalData } = readOnnxHeader(file);
  for (const name of externalData) await linkFile(join(dirname(file), name), join(folder, name));
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else if (entry.isFile()) await linkFile(source, target);
  }
}

/** Small files are copied: the tuner writes its own model.json into the copy. */
async function linkFile(from: string, to: string): Promise<void> {
  if (from.endsWith('.json')) return copyFile(from, to);
  await link(from, to).catch(() => copyFile(from, to)); // another file system
}
