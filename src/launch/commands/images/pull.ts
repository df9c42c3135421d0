import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { pullImage } from '../../images/transfer.js';
import { addEngineOptions, engineAddressOf, wantsJson } from '../../cli/engine-flags.js';

/** `launch pull <image>`: from the registry that its name says, with the docker CLI's credentials. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('pull'))
    .description('pull an image from the registry in its name')
    .argument('<image>', 'host/name:tag')
    .option('--platform <os/arch>', "platform, if not the engine's")
    .action(async (image: string, { platform }: { readonly platform?: string }, command: Command) => {
      const docker = await context.openGateway(engineAddressOf(command));
      await pullImage(image, { docker, context, platform });
      const { id } = await docker.images.inspect(image);
      if (wantsJson(command)) context.console.json({ image, id });
      else context.console.result(image);
    });
}
