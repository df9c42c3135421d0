import type { Command } from 'commander';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../../errors.js';
import { wantsJson } from '../../cli/engine-flags.js';
import { formatBytes } from '../../cli/format.js';
import type { LaunchContext } from '../../context.js';
import { formatTable } from '../../text/table.js';
import { cacheOf, listCache } from './cache.js';

interface CacheFlags {
  readonly cacheDir?: string;
}

/** `launch models ls`: what was pulled and is here. */
export function registerList(models: Command, context: LaunchContext): void {
  models
    .command('ls')
    .description('list pulled models')
    .option('--cache-dir <dir>', 'cache folder')
    .option('--json', 'print the result as JSON')
    .action(async (flags: CacheFlags, command: Command) => {
      const states = (await listCache(cacheOf(context, flags.cacheDir))).map(({ folder, files, ...rest }) => {
        const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        return { ...rest, path: join(folder, 'files', rest.entry), bytes };
      });
      if (wantsJson(command)) {
        context.console.json(states);
        return;
      }
      const rows = states.map(({ location, revision, bytes, arrivedAt, path }) => [
        location,
        revision.replace(/^sha256:/, '').slice(0, 12),
        formatBytes(bytes),
        arrivedAt.slice(0, 16),
        path,
      ]);
      if (rows.length === 0)
        context.console.note('No model was pulled yet. Pull one with: launch models pull LOCATION');
      else context.console.result(formatTable(['LOCATION', 'REVISION', 'SIZE', 'ARRIVED', 'PATH'], rows));
    });
}

/** `launch models rm <location...>`: takes all that was pulled from there out of the cache. */
export function registerRemove(models: Command, context: LaunchContext): void {
  models
    .command('rm')
    .description('remove the models pulled from a location')
    .argument('<location...>', 'location as shown by launch models ls')
    .option('--cache-dir <dir>', 'cache folder')
    .option('--json', 'print the result as JSON')
    .action(async (locations: readonly string[], flags: CacheFlags, command: Command) => {
      const states = await listCache(cacheOf(context, flags.cacheDir));
      for (const location of locations) {
        const found = states.find((state) => state.location === location);
        if (found === undefined)
          throw new AppError('NOT_FOUND', `Nothing was pulled from ${location}. See launch models ls.`);
        await rm(dirname(found.folder), { recursive: true, force: true });
      }
      if (wantsJson(command)) context.console.json({ removed: locations });
      else for (const location of locations) context.console.result(location);
    });
}
