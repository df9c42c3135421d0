import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { findServer, openFleet } from '../../fleet/fleet.js';
import { checkTerminal, joinTerminal, terminalSize } from '../../cli/terminal.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface ExecFlags {
  readonly all?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}

const bestShell = 'command -v bash >/dev/null 2>&1 && exec bash || exec sh';

/** `launch exec` and `launch shell`: another process in a running container. */
export function register(program: Command, context: LaunchContext): void {
  const add = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
  const exec = addEngineOptions(program.command('exec'))
    .description('run a command in a container')
    .argument('<server>', 'name or id')
    .argument('<command...>', 'program and its arguments')
    .passThroughOptions()
    .option('-i, --interactive', 'pass stdin to it')
    .option('-t, --tty', 'give it a terminal')
    .option('-e, --env <name=value>', 'set a variable', add)
    .option('-w, --workdir <workdir>', 'working directory')
    .option('-u, --user <user>', 'run it as this user')
    .option('-a, --all', "also the engine's other containers");
  exec.action((name: string, words: readonly string[]) =>
    runIn(name, { words, flags: exec.opts(), json: wantsJson(exec), command: exec }, context),
  );
  addEngineOptions(program.command('shell'))
    .description('open a shell in a container')
    .argument('[server]', 'name or id; the only running one unless given')
    .option('-u, --user <user>', 'open it as this user')
    .option('-a, --all', "also the engine's other containers")
    .action((name: string | undefined, options: ExecFlags, command: Command) => {
      const flags = { ...options, interactive: true, tty: true };
      return runIn(name, { words: ['sh', '-c', bestShell], flags, json: false, command }, context);
    });
}

interface Task {
  readonly words: readonly string[];
  readonly flags: ExecFlags;
  readonly json: boolean;
  readonly command: Command;
}

async function runIn(name: string | undefined, task: Task, context: LaunchContext): Promise<void> {
  const { flags, words, json } = task;
  const [tty, stdin] = [flags.tty === true, flags.interactive === true];
  checkTerminal(context, { tty, stdin });
  const fleet = await openFleet(task.command, context);
  const server = await findServer(fleet, name, { all: flags.all === true, soleByDefault: true });
  const size = terminalSize(context);
  const { env, workdir, user } = flags;
  const exec = await server.exec({ command: words, tty, stdin, env, workdir, user, size: tty ? size : undefined });
  if (!json) await joinTerminal(exec, context, { tty, stdin });
  const texts = { stdout: '', stderr: '' };
  if (json) for await (const { stream, data } of exec.output) texts[stream] += data.toString();
  const exitCode = await exec.exitCode();
  if (json) context.console.json({ exitCode, ...texts });
  context.setExitCode(exitCode);
}
