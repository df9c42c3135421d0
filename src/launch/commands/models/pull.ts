import type { Command } from 'commander';
import { cp, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../../../errors.js';
import { makeFolders } from '../../../private-folder.js';
import { parseLocation } from '../../../store/location.js';
import { pull, type Pulled } from '../../../store/pull.js';
import { diskFailure } from '../../../store/transfer/disk-failure.js';
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
    .description('fetch models, and print where they are')
    .argument('<location>', 'https://, s3://, oci:// or hf://')
    .option('--to <path>', 'copy them there: a model folder, or NAME.onnx')
    .option('--replace', 'replace what is there')
    .option('--cache-dir <dir>', 'cache folder')
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
  const checked = unchecked === 0 ? 'all checked by digest' : `${unchecked} without a digest to check`;
  const count = files.length === 1 ? '1 file' : `${files.length} files`;
  console.ok(
    `${location} at ${revision}: ${count}, ${formatBytes(bytes)}, ${checked}${wasHere ? '; already here' : ''}`,
  );
  console.result(path);
}

async function refuseTaken(target: string): Promise<void> {
  const isTaken = await stat(target).then(
    () => true,
    () => false,
  );
  if (isTaken) throw new AppError('USAGE', `${target} exists: name another path, or add --replace.`);
}

/** A copy beside the target under a name that servers skip, then moved there in one step. */
async function place(source: string, target: string): Promise<void> {
  makeFolders(dirname(target), 0o777);
  const incoming = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  const old = `${incoming}.old`;
  try {
    await cp(source, incoming, { recursive: true, dereference: true });
    await rename(target, old).catch(() => undefined);
    await rename(incoming, target);
  } catch (thrown) {
    throw diskFailure(thrown, dirname(target));
  } finally {
    await rm(incoming, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}
