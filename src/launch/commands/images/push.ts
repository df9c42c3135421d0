import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { pushImage } from '../../images/transfer.js';
import { checkOwnImage } from '../../images/find.js';
import { addEngineOptions, engineAddressOf, wantsJson } from '../../cli/engine-flags.js';

/** `launch push <image>`: to the registry that its name says, with the docker CLI's credentials. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('push'))
    .description('push an image to the registry in its name')
    .argument('<image>', 'host/name:tag')
    .option('-a, --all', 'also an image that launch did not build')
    .action(async (image: string, options: { readonly all?: boolean }, command: Command) => {
      const docker = await context.openGateway(engineAddressOf(command));
      await checkOwnImage(docker, image, options.all === true);
      await pushImage(docker, image, context);
      const { digests } = await docker.images.inspect(image);
      if (wantsJson(command)) context.console.json({ image, digests });
      else context.console.result(image);
    });
}
