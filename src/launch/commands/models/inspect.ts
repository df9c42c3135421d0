import type { Command } from 'commander';
import { findArrival } from '../../../store/arrival.js';
import type { ListedFile } from '../../../store/transfer/listing.js';
import { isRemote, parseLocation } from '../../../store/location.js';
import { homeOf, listPlace, stateFolder } from '../../../store/pull.js';
import { wantsJson } from '../../cli/engine-flags.js';
import { formatBytes } from '../../cli/format.js';
import type { LaunchContext } from '../../context.js';
import { formatTable } from '../../text/table.js';
import { cacheOf, storeWorldOf } from './cache.js';
import { runServerCommand } from './look.js';

/** `launch models inspect <location|path>`: what a place has, without fetching it; what a server would find in a path, as `slipway inspect` says it. */
export function registerInspect(models: Command, context: LaunchContext): void {
  models
    .command('inspect')
    .description(
      'show what a location has (revision, files, digests; fetches nothing), or what a server would find at a local path',
    )
    .argument('<place>', 'https://, s3://, oci:// or hf://; or NAME.onnx or a folder')
    .option('--cache-dir <dir>', 'cache folder')
    .option('--json', 'print the result as JSON')
    .action(async (text: string, flags: { readonly cacheDir?: string }, command: Command) => {
      if (!isRemote(text)) {
        await runServerCommand(['inspect', ...(wantsJson(command) ? ['--json'] : []), '--', text], context);
        return;
      }
      const location = parseLocation(text);
      const listing = await listPlace(location, storeWorldOf(context));
      const home = homeOf(cacheOf(context, flags.cacheDir), location);
      const isHere = (await findArrival(stateFolder(home, listing.revision))) !== undefined;
      const { revision, notes } = listing;
      const files = listing.files.map(describeFile);
      if (wantsJson(command)) {
        context.console.json({ location: location.shown, revision, isHere, files, notes });
        return;
      }
      const rows = files.map(({ path, sizeBytes, digest }) => [
        path,
        sizeBytes === undefined ? '?' : formatBytes(sizeBytes),
        digest ?? '-',
      ]);
      context.console.note(`${location.shown} at ${revision}, ${isHere ? 'here' : 'not here'}`);
      for (const note of notes) context.console.note(note);
      context.console.result(formatTable(['FILE', 'SIZE', 'DIGEST'], rows));
    });
}

function describeFile({ path, sizeBytes, digest }: ListedFile) {
  return {
    path,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(digest === undefined ? {} : { digest: `${digest.algorithm}:${digest.hex}` }),
  };
}
