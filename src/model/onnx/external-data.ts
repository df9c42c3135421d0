import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AppError } from '../../errors.js';
import { followLinks, type Homes } from '../containment.js';

/** A location of weights outside the model file (onnx/docs/ExternalData.md), checked as text: below the model's own folder. */
export function checkExternalLocation(location: string): string {
  const parts = location.split(/[/\\]/);
  const leadsOut = isAbsolute(location) || /^[a-z]:/i.test(location) || parts.includes('..');
  // `_ORT_MEM_ADDR_` is the runtime's own mark for weights at an address in memory: in a file it would read foreign memory.
  if (location !== '' && !leadsOut && !/[\0\\]|_ORT_MEM_ADDR_/.test(location)) return location;
  throw new AppError(
    'MODEL_INVALID',
    `The model keeps weights in '${location.replaceAll('\0', '\\0')}'. Expected a file in the model's own folder; save the model again with its weights beside it.`,
  );
}

/** Where the weights of a model may be looked for. */
export interface ExternalPlaces {
  /** In this order; all files come from the first that has them all. */
  readonly folders: readonly string[];
  /** What links may not lead out of. */
  readonly homes: Homes;
}

/** One file of weights: by the name under which it was found, and where that leads. */
export interface ExternalFile {
  readonly named: string;
  readonly real: string;
}

/** A model's external files, in the order of the locations. Throws MODEL_INVALID where one is missing or leads out of the homes. */
export async function findExternalFiles(
  { folders, homes }: ExternalPlaces,
  locations: readonly string[],
): Promise<readonly ExternalFile[]> {
  let refusal: unknown;
  for (const folder of folders) {
    try {
      return await Promise.all(locations.map((location) => findExternalFile(folder, location, homes)));
    } catch (error) {
      refusal ??= error;
    }
  }
  throw refusal;
}

async function findExternalFile(folder: string, location: string, homes: Homes): Promise<ExternalFile> {
  const named = join(folder, location);
  const found = await followLinks(named, homes);
  if (found.kind === 'absent')
    throw refuse(location, describeAbsence(found.linkTo), 'Copy that file beside the model file');
  if (found.kind === 'unreadable') {
    throw refuse(location, `cannot be read (${found.reason})`, 'Put a file that can be read beside the model file');
  }
  if (found.kind === 'outside') {
    const reason = `lead out of the model repository by a symbolic link, to '${found.path}'`;
    throw refuse(location, reason, 'Put the file itself there, or name its folder with --allow-links-to');
  }
  if ((await stat(found.path)).isFile()) return { named, real: found.path };
  throw refuse(location, 'are not a regular file', 'Put the file itself there');
}

function describeAbsence(linkTo: string | undefined): string {
  return linkTo === undefined ? 'are not there' : `are a symbolic link to '${linkTo}', which is not there`;
}

function refuse(location: string, reason: string, fix: string): AppError {
  return new AppError('MODEL_INVALID', `The model's weights in '${location}' ${reason}. ${fix}.`);
}
