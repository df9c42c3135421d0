import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { AppError, messageOf } from '../../errors.js';

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

/** Absolute paths of a model's external files. Throws MODEL_INVALID where one is missing or a link leads out of the folder. */
export async function findExternalFiles(folder: string, locations: readonly string[]): Promise<readonly string[]> {
  const home = await realpath(folder);
  return Promise.all(locations.map((location) => findExternalFile(home, location)));
}

async function findExternalFile(home: string, location: string): Promise<string> {
  const path = await realpath(join(home, location)).catch((cause: unknown) => {
    throw new AppError(
      'MODEL_INVALID',
      `The model's weights in '${location}' cannot be read (${messageOf(cause)}). Expected that file beside the model file; copy it there.`,
      { cause },
    );
  });
  if (!path.startsWith(home + sep)) {
    throw new AppError(
      'MODEL_INVALID',
      `The model's weights in '${location}' lead out of the model's folder by a symbolic link. Put the file itself there.`,
    );
  }
  if (!(await stat(path)).isFile()) {
    throw new AppError(
      'MODEL_INVALID',
      `The model's weights in '${location}' are not a regular file. Put the file itself there.`,
    );
  }
  return path;
}
