import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toModelJson, type Candidate } from './candidates.js';

type Json = Readonly<Record<string, unknown>>;

/** A model.json with a candidate's keys in it; what else it says stays. */
export function mergeSettings(before: Json, candidate: Candidate): Json {
  const merged: Record<string, unknown> = { ...before };
  for (const [key, settings] of Object.entries(toModelJson(candidate))) {
    merged[key] = { ...(before[key] as Json | undefined), ...settings };
  }
  return merged;
}

/** The model.json of a folder, empty where there is none. */
export async function readModelJson(folder: string): Promise<Json> {
  const text = await readFile(join(folder, 'model.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Json;
}

/** Writes the model.json of a model's folder. */
export async function writeModelJson(folder: string, json: Json): Promise<void> {
  await writeFile(join(folder, 'model.json'), `${JSON.stringify(json, null, 2)}\n`);
}

/** Writes a candidate into model.json, and into tuning.json beside it, where the settings for other hardware stay by its name. */
export async function writeTuned(folder: string, hardware: string, candidate: Candidate): Promise<void> {
  await writeModelJson(folder, mergeSettings(await readModelJson(folder), candidate));
  const path = join(folder, 'tuning.json');
  const known = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as Json;
  await writeFile(path, `${JSON.stringify({ ...known, [hardware]: toModelJson(candidate) }, null, 2)}\n`);
}
