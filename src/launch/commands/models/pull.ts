import type { Command } from 'commander';
import { cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../../../errors.js';
import { parseLocation } from '../../../store/location.js';
import { pull, type Pulled } from '../../../store/pull.js';
import { wantsJson } from '../../cli/engine-flags.js';
import { formatBytes } from '../../cli/format.js';
import type { LaunchContext } from '../../context.js';
import { cacheOf, showProgress, storeWorldOf } from './cache.js';

interface PullFlags {
  readonly cacheDir?: string;
  readonly to?: string;
  readonly replace?: boolean;
}

/** `launch models pull <location>`: into the cache, or as a folder of its own with --to. */
export function registerPull(models: Command, context: LaunchContext): void {
  models
    .command('pull')
    .description('bring models here, and print where they are')
    .argument('<location>', 'https://, s3://, oci:// or hf://')
    .option('--to <path>', 'put a copy there: a model folder, or NAME.onnx')
    .option('--replace', 'take the place of what is there')
    .option('--cache-dir <dir>', 'folder of the cache')
    .option('--json', 'print the result as JSON')
    .action(async (text: string, flags: PullFlags, command: Command) => {
      const location = parseLocation(text);
      const target = flags.to === undefined ? undefined : resolve(context.cwd, flags.to);
      if (target !== undefined && flags.replace !== true) await refuseTaken(target);
      const events = showProgress(`pulling ${location.shown}`, context.console);
      const pulled = await pull({
        location,
        cache: cacheOf(context, flags.cacheDir),
        world: storeWorldOf(context),
        events,
      });
      if (target !== undefined) await place(pulled.path, target);
      tell(context, { pulled, path: target ?? pulled.path, json: wantsJson(command) });
    });
}

interface Told {
  readonly pulled: Pulled;
  readonly path: string;
  readonly json: boolean;
}

function tell({ console }: LaunchContext, { pulled, path, json }: Told): void {
  const { location, revision, files, wasHere } = pulled;
  if (json) {
    console.json({ location, revision, path, wasHere, files });
    return;
  }
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const unchecked = files.filter(({ verified }) => verified === undefined).length;
  const checked = unchecked === 0 ? 'all checked by their digests' : `${unchecked} without a digest to check them by`;
  const count = files.length === 1 ? '1 file' : `${files.length} files`;
  console.ok(
    `${location} at ${revision}: ${count}, ${formatBytes(bytes)}, ${checked}${wasHere ? '; was here already' : ''}`,
  );
  console.result(path);
}

async function refuseTaken(target: string): Promise<void> {
  const isTaken = await stat(target).then(
    () => true,
    () => false,
  );
  if (isTaken) throw new AppError('USAGE', `${target} is there already: name another place, or add --replace.`);
}

/** A copy beside the target under a name that servers skip, then moved there in one step. */
async function place(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const incoming = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  const old = `${incoming}.old`;
  try {
    await cp(source, incoming, { recursive: true, dereference: true });
    await rename(target, old).catch(() => undefined);
    await rename(incoming, target);
  } finally {
    await rm(incoming, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}
