import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import type { ImageSummary } from '../../docker/types.js';
import { forEachNamed } from '../../fleet/each.js';
import { formatBytes, formatDuration, shortId } from '../../cli/format.js';
import { checkOwnImage, listImages } from '../../images/find.js';
import { imageLabels } from '../../labels.js';
import { formatTable } from '../../text/table.js';
import { addEngineOptions, engineAddressOf, wantsJson } from '../../cli/engine-flags.js';

interface ImageOptions {
  readonly all?: boolean;
  readonly force?: boolean;
}

/** `launch images`, `tag`, `history` and `rmi`. */
export function register(program: Command, context: LaunchContext): void {
  registerList(program, context);
  registerTag(program, context);
  registerHistory(program, context);
  registerRemove(program, context);
}

function registerList(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('images'))
    .description('list the images that launch built or knows')
    .option('-a, --all', "also the engine's other images")
    .action(async (options: ImageOptions, command: Command) => {
      const docker = await context.openGateway(engineAddressOf(command));
      const images = await listImages(docker, options.all === true);
      if (wantsJson(command)) context.console.json(images);
      else if (images.length === 0) context.console.note('No image was built yet. Build one with: launch build');
      else context.console.result(tableOf(images, context.now()));
    });
}

function tableOf(images: readonly ImageSummary[], nowMs: number): string {
  const rows = images.flatMap((image) => {
    const { labels, id, sizeBytes, createdAtMs } = image;
    const label = (key: keyof typeof imageLabels): string => labels[imageLabels[key]] ?? '-';
    const facts = [label('variant'), label('ortVersion'), label('cudaVersion'), shortId(id), formatBytes(sizeBytes)];
    const names = image.tags.length === 0 ? ['(untagged)'] : image.tags;
    return names.map((name) => [name, ...facts, `${formatDuration(nowMs - createdAtMs)} ago`]);
  });
  return formatTable(['IMAGE', 'VARIANT', 'ORT', 'CUDA', 'ID', 'SIZE', 'BUILT'], rows);
}

function registerTag(program: Command, context: LaunchContext): void {
  const command = addEngineOptions(program.command('tag'))
    .description('add a tag to an image')
    .argument('<image>', 'name or id')
    .argument('<target>', 'host/name:tag');
  command.action(async (image: string, target: string) => {
    const docker = await context.openGateway(engineAddressOf(command));
    await docker.images.tag(image, target);
    if (wantsJson(command)) context.console.json({ image, target });
    else context.console.result(target);
  });
}

function registerHistory(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('history'))
    .description('show the layers of an image, newest first')
    .argument('<image>', 'name or id')
    .action(async (image: string, _options: ImageOptions, command: Command) => {
      const docker = await context.openGateway(engineAddressOf(command));
      const layers = await docker.images.history(image);
      if (wantsJson(command)) {
        context.console.json(layers);
        return;
      }
      const words = (text: string): string => text.replace(/^\/bin\/sh -c (#\(nop\) )?/, '').replace(/\s+/g, ' ');
      const width = Math.max(30, context.console.columns - 32);
      const rows = layers.map(({ createdAtMs, createdBy, sizeBytes }) => [
        formatBytes(sizeBytes),
        `${formatDuration(context.now() - createdAtMs)} ago`,
        context.console.isInteractive ? words(createdBy).slice(0, width) : words(createdBy),
      ]);
      context.console.result(formatTable(['SIZE', 'MADE', 'BY'], rows));
    });
}

function registerRemove(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('rmi'))
    .description('remove images')
    .argument('<image...>', 'names or ids')
    .option('-f, --force', 'even where ended containers or other tags use it')
    .option('-a, --all', 'also images that launch did not build')
    .action(async (images: readonly string[], options: ImageOptions, command: Command) => {
      const docker = await context.openGateway(engineAddressOf(command));
      for (const image of images) await checkOwnImage(docker, image, options.all === true);
      await forEachNamed(
        images.map((name) => ({ name })),
        context,
        {
          action: async ({ name }) => {
            const gone = await docker.images.remove(name, { force: options.force === true });
            for (const line of gone) context.console.note(line);
          },
          json: wantsJson(command),
        },
      );
    });
}
