import { Argument, type Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, messageOf } from '../../../errors.js';
import type { LaunchContext } from '../../context.js';
import { addEngineOptions, engineAddressOf, wantsJson } from '../../cli/engine-flags.js';

/** `launch version` and `launch help [command]`. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('version'))
    .description('print the versions of launch, Node.js and the engine')
    .action(async (_options: object, command: Command) => {
      const launch = await readVersion(context);
      const engine = await readEngine(context, command);
      if (wantsJson(command)) context.console.json({ launch, node: process.versions.node, engine });
      else context.console.result(`launch   ${launch}\nNode.js  ${process.versions.node}\nengine   ${engine}`);
    });
  const named = new Argument('[command]', 'its name');
  named.argChoices = program.commands.map((command) => command.name());
  program
    .command('help')
    .description('show this help, or the flags of a command')
    .addArgument(named)
    .action((name: string | undefined) => {
      const found = program.commands.find((one) => one.name() === name || one.aliases().includes(name ?? ''));
      if (name !== undefined && found === undefined)
        throw new AppError('USAGE', `There is no command ${name}. See launch --help.`);
      (found ?? program).outputHelp();
    });
}

async function readVersion({ projectFolder }: LaunchContext): Promise<string> {
  const { version } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8')) as { version: string };
  return version;
}

async function readEngine(context: LaunchContext, command: Command): Promise<string> {
  try {
    const info = await (await context.openGateway(engineAddressOf(command))).info();
    return `${info.kind} ${info.version}, API ${info.apiVersion}`;
  } catch (thrown) {
    return messageOf(thrown);
  }
}
