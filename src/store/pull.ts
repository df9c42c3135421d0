import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../errors.js';
import { makeFolders } from '../private-folder.js';
import {
  dropOldStates,
  findArrival,
  listStates,
  openStage,
  publish,
  type Arrival,
  type ArrivedFile,
} from './arrival.js';
import type { ListedFile, Listing } from './transfer/listing.js';
import type { Location } from './location.js';
import { diskFailure } from './transfer/disk-failure.js';
import type { TransferEvents } from './transfer/events.js';
import { fetchFile } from './transfer/fetch-file.js';
import { sha256Of } from './transfer/digest.js';
import { listUnpacked, unpack } from './transfer/unpack.js';
import { limitsOf } from './transfer/unpack-budget.js';
import type { StoreWorld } from './world.js';

/** Models that are here. */
export interface Pulled extends Arrival {
  /** The file or folder with the models. */
  readonly path: string;
  /** Whether nothing had to be fetched. */
  readonly wasHere: boolean;
}

/** What is pulled, and where it is kept. */
export interface PullOptions {
  readonly location: Location;
  /** The folder of all pulled models. */
  readonly cache: string;
  readonly world: StoreWorld;
  readonly events: TransferEvents;
}

/** The folder below the cache for the states of one place. */
export function homeOf(cache: string, { name, shown }: Location): string {
  return join(cache, `${name.replace(/[^\w.-]/g, '_').slice(0, 80)}-${sha256Of(shown).slice(0, 12)}`);
}

/** The folder of one state of a place. */
export function stateFolder(home: string, revision: string): string {
  return join(home, sha256Of(revision).slice(0, 16));
}

/** Asks a place what it has now, without fetching it. */
export async function listPlace(location: Location, world: StoreWorld): Promise<Listing> {
  switch (location.kind) {
    case 'http':
      return (await import('./places/http.js')).listHttp(location, world);
    case 's3':
      return (await import('./places/s3.js')).listS3(location, world);
    case 'oci':
      return (await import('./places/oci.js')).listOci(location, world);
    case 'hf':
      return (await import('./places/hub.js')).listHub(location, world);
  }
}

/**
 * Brings what a place has now into the cache, where it is seen only once all of it is there and right. Where the place does not
 * answer, what came from it last is used, and `onNote` says so.
 */
export async function pull(options: PullOptions): Promise<Pulled> {
  const { location, cache, world, events } = options;
  const home = homeOf(cache, location);
  try {
    const listing = await listPlace(location, world);
    return await bring(listing, home, options);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'SERVER_UNREACHABLE') throw diskFailure(thrown, home);
    const [last] = await listStates(home);
    if (last === undefined) throw thrown;
    events.onNote(
      `${thrown.message} The files that were fetched from ${location.shown} at ${last.arrivedAt} are used instead.`,
    );
    return { ...last, path: join(last.folder, 'files', last.entry), wasHere: true };
  }
}

async function bring(listing: Listing, home: string, options: PullOptions): Promise<Pulled> {
  const { location, world, events } = options;
  const folder = stateFolder(home, listing.revision);
  const here = listing.isPinned ? await findArrival(folder) : undefined;
  const path = join(folder, 'files', listing.entry);
  if (here !== undefined) return { ...here, path, wasHere: true };
  for (const note of listing.notes) events.onNote(note);
  const stage = await openStage(home, basename(folder), world);
  const files = await fetchAll(listing, join(stage, 'files'), options).catch(async (thrown: unknown) => {
    // What is refused would be gone on with by the next pull, and refused again.
    if (thrown instanceof AppError && thrown.code === 'MODEL_INVALID') await rm(stage, { recursive: true });
    throw thrown;
  });
  const { revision, isPinned, entry } = listing;
  const arrivedAt = new Date(world.now()).toISOString();
  const arrival = { location: location.shown, revision, isPinned, entry, arrivedAt, files };
  await publish(stage, folder, arrival);
  for (const old of await dropOldStates(home)) events.onNote(`an older state of ${location.shown} was removed: ${old}`);
  return { ...arrival, path, wasHere: false };
}

async function fetchAll(listing: Listing, folder: string, options: PullOptions): Promise<readonly ArrivedFile[]> {
  const arrived: ArrivedFile[] = [];
  if (!listing.isPinned) await rm(folder, { recursive: true, force: true });
  for (const file of listing.files) arrived.push(await fetchOne(file, folder, options));
  const { beside } = listing;
  if (beside !== undefined) {
    const { readOnnxHeader } = await import('../model/onnx/reader.js');
    for (const path of readOnnxHeader(join(folder, beside.model)).externalData)
      arrived.push(await fetchOne(beside.find(path), folder, options));
  }
  return listing.files.some((file) => file.unpack !== undefined) ? listUnpacked(folder, arrived) : arrived;
}

async function fetchOne(file: ListedFile, folder: string, options: PullOptions): Promise<ArrivedFile> {
  const { path, sizeBytes, unpack: unpacking } = file;
  const { location, world, events } = options;
  const target = join(folder, path);
  makeFolders(dirname(target));
  const found = await fetchFile(file, target, {
    wait: (ms) => world.wait(ms),
    onBytes: (bytes) => events.onProgress({ path, bytes, totalBytes: sizeBytes }),
    onRetry: (reason) => events.onNote(`${reason} It is requested again.`),
  });
  if (unpacking !== undefined) {
    await unpack(target, { root: folder, shown: location.shown, unpacking, limits: await limitsOf(folder) });
    await rm(target);
  }
  return { path, ...found };
}
