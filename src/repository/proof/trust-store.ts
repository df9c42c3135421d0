import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder } from '../../private-folder.js';
import { readRegularFile } from '../../regular-file.js';
import { hashContent, readCpuFeatures } from '../../engine/weights/weights-key.js';
import type { SessionSpec } from '../../engine/engine.js';
import type { ModelJson } from '../../model/config-schema.js';
import type { Proof } from './warm-up.js';

/** Changes whenever models are tried or proven in another way. */
const trialVersion = 1;

/** Records that are kept; those used longest ago go first. */
const mostRecords = 1000;

/** Proofs by the key of what they are of, wherever they are kept. */
export type ShippedProofs = Readonly<Record<string, Proof>>;

/** Where the results of trials are kept. */
export interface TrustStoreOptions {
  /** Folder of the records; made when missing, for this user alone. */
  readonly folder: string;
  readonly userId: number | undefined;
  readonly runtimeVersion: string;
  /** Proofs of models that come with the server, by content; they hold on every machine. */
  readonly shipped: ShippedProofs;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Reads what a file says of models that come with the server; nothing where it is missing or damaged: then they are tried too. */
export async function readShipped(path: string): Promise<ShippedProofs> {
  try {
    const proofs = JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, unknown>>;
    return Object.fromEntries(Object.entries(proofs).flatMap(([key, proof]) => (isProof(proof) ? [[key, proof]] : [])));
  } catch {
    return {};
  }
}

/** What a model was tried with. */
export interface TrustSubject {
  /** Every file of it, in an order that does not change. */
  readonly files: readonly string[];
  readonly json: ModelJson;
  readonly spec: SessionSpec;
}

/** A name for the content of a model and its settings, the same on every machine with the same runtime. */
export async function contentKey(
  { files, json }: Pick<TrustSubject, 'files' | 'json'>,
  runtimeVersion: string,
): Promise<string> {
  return hash([trialVersion, runtimeVersion, json, await hashContent(files)]);
}

/** Remembers which models were tried and what was found, so that the same content is not tried again. */
export class TrustStore {
  readonly #options: TrustStoreOptions;

  constructor(options: TrustStoreOptions) {
    this.#options = options;
  }

  /** The record of a model; `remember` writes it. A record that is damaged, or in a folder that others can write, does not count. */
  async find(subject: TrustSubject): Promise<TrustRecord> {
    const { folder, userId, runtimeVersion, shipped, clock } = this.#options;
    const content = await contentKey(subject, runtimeVersion);
    const proof = shipped[content];
    if (proof !== undefined) return { proof, source: 'shipped', remember: () => Promise.resolve() };
    const { provider, deviceId, strict, intraOpThreads } = subject.spec;
    const key = hash([content, provider, deviceId, strict, intraOpThreads, await readCpuFeatures()]);
    const path = join(folder, `${key}.json`);
    const remember = async (found: Proof): Promise<void> => {
      await makePrivateFolder(folder, userId);
      await write(path, found);
      await removeOld(folder);
    };
    const known = await makePrivateFolder(folder, userId).then(
      () => read(path, clock()),
      () => undefined,
    );
    return { ...(known === undefined ? {} : { proof: known }), source: 'remembered', remember };
  }
}

/** What a trial of one content showed. */
export interface TrustRecord {
  /** What was found when this content was tried; undefined where it was not. */
  readonly proof?: Proof;
  readonly source: 'shipped' | 'remembered';
  /** Rejects where the record cannot be kept: then the model is tried again at the next start. */
  remember(proof: Proof): Promise<void>;
}

function hash(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

async function read(path: string, nowMs: number): Promise<Proof | undefined> {
  try {
    const proof: unknown = JSON.parse(String(await readRegularFile(path)));
    if (!isProof(proof)) return undefined;
    // One that cannot be marked as used is merely the sooner one to go.
    await utimes(path, nowMs / 1000, nowMs / 1000).catch(() => undefined);
    return proof;
  } catch {
    return undefined;
  }
}

function isProof(value: unknown): value is Proof {
  if (typeof value !== 'object' || value === null) return false;
  const { batching, notes } = value as Partial<Record<keyof Proof, unknown>>;
  const isKnown = batching === 'asConfigured' || batching === 'off';
  return isKnown && Array.isArray(notes) && notes.every((note) => typeof note === 'string');
}

/** Appears by one rename, so that nobody reads half of it. */
async function write(path: string, proof: Proof): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, JSON.stringify(proof), { mode: 0o600 });
  await rename(temporary, path);
}

async function removeOld(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= mostRecords) return;
  const paths = names.map((name) => join(folder, name));
  const times = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0));
  const order = paths.map((path, index) => ({ path, usedMs: times[index] ?? 0 })).sort((a, b) => b.usedMs - a.usedMs);
  await Promise.all(order.slice(mostRecords).map(({ path }) => rm(path, { force: true })));
}
