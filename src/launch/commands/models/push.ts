import { Option, type Command } from 'commander';
import { resolve } from 'node:path';
import { parseLocation } from '../../../store/location.js';
import { push } from '../../../store/push.js';
import type { PushOptions } from '../../../store/transfer/pushed.js';
import { wantsJson } from '../../cli/engine-flags.js';
import type { LaunchContext } from '../../context.js';
import { showProgress, storeWorldOf } from './cache.js';

/** `launch models push <path> <location>`: to a registry or a bucket. */
export function registerPush(models: Command, context: LaunchContext): void {
  const command = models.command('push');
  command

    .description('push a model file or a folder of models, and print its immutable name')
    .argument('<path>', 'NAME.onnx or a folder')
    .argument('<location>', 'oci://REGISTRY/NAME:TAG or s3://BUCKET/KEY')
    .addOption(
      new Option('--as <form>', 'in a registry: files of a ModelPack artifact, or an image to mount')
        .choices(['modelpack', 'image'])
        .default('modelpack'),
    )
    .option('--json', 'print the result as JSON')
    .action(async (path: string, text: string) => {
      const { as: form } = command.opts<{ readonly as: PushOptions['form'] }>();
      const location = parseLocation(text);
      const events = showProgress(`pushing to ${location.shown}`, context.console);
      const world = storeWorldOf(context);
      const { revision, pinned, files } = await push(resolve(context.cwd, path), { location, form, world, events });
      const named = files.map(({ path: each, sizeBytes, sha256 }) => ({ path: each, sizeBytes, sha256 }));
      if (wantsJson(command)) context.console.json({ location: location.shown, revision, pinned, files: named });
      else context.console.result(pinned);
    });
}
